using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Cni.Installation;

/// <summary>Drives what the node offers to its container runtime: addresses from its podCIDRs, and, as long as there are any, the plugin and
/// the configuration list that names it.</summary>
internal sealed class PodCidrTarget(ModuleContext context, CniOptions options, CniParts parts) : ITarget<string, NodePodCidrs>
{
    private readonly string _node = context.Node.Name;
    private readonly NodeFiles _files = new(context.Node.Paths);

    public string Name => "podCidrs";

    public IEnumerable<string> Keys(ClusterSnapshot cluster) => [_node];

    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<string> keys)
    {
        if (change.Object is Node node && node.Metadata.Name == _node)
        {
            keys.Add(_node);
        }
    }

    public NodePodCidrs? Plan(ClusterSnapshot cluster, string key, Problems problems) =>
        cluster.Nodes.Find(key) is { PodCidrs: { IsEmpty: false } prefixes } node
            ? new NodePodCidrs(
                prefixes.DistinctBy(static prefix => prefix.Family).Order().ToValueList(),
                node.InternalIps.DistinctBy(static address => address.Family).Order().ToValueList())
            : null;

    public Task<ValueMap<string, NodePodCidrs>> ReadAsync(CancellationToken cancellationToken)
    {
        var prefixes = parts.Allocator.Prefixes;
        return Task.FromResult(prefixes.IsEmpty || !_files.IsOffered(options.InstallPlugin) ? default : ValueMap.Of((_node, new NodePodCidrs(prefixes, parts.Attachments.Sources.InternalIps))));
    }

    public async Task ApplyAsync(Changes<string, NodePodCidrs> changes, CancellationToken cancellationToken)
    {
        foreach (var change in changes.All)
        {
            if (change.After is { } offered)
            {
                if (parts.Attachments.Sources.Use(offered.InternalIps))
                {
                    await parts.Repair.RepairAsync(cancellationToken);
                }

                if (change.Before?.Prefixes != offered.Prefixes)
                {
                    Offer(offered.Prefixes);
                }
            }
            else
            {
                parts.PodCidrs.Set(default);
                _files.RemoveConflist();
                CniLog.NoPodCidr(parts.Logger);
            }
        }

        parts.TellStatus();
    }

    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        _files.RemoveConflist();
        if (options.InstallPlugin)
        {
            _files.RemovePlugin();
        }

        return Task.CompletedTask;
    }

    /// <summary>The list comes last: once it is there, the runtime calls the plugin, which must find addresses.</summary>
    private void Offer(ValueList<IpPrefix> prefixes)
    {
        // The bridge's addresses come first: no pod may get them.
        parts.Attachments.Bridge.Use(prefixes);
        parts.PodCidrs.Set(prefixes, parts.Links.ReadNodeAddresses(prefixes));
        CniLog.PodCidrs(parts.Logger, prefixes.ToString());
        if (options.InstallPlugin && _files.EnsurePlugin())
        {
            CniLog.FileWritten(parts.Logger, _files.PluginPath);
        }

        if (_files.EnsureConflist())
        {
            CniLog.FileWritten(parts.Logger, _files.ConflistPath);
        }
    }
}

/// <summary>A node's podCIDRs and InternalIPs, one of each a family, IPv4 first.</summary>
internal sealed record NodePodCidrs(ValueList<IpPrefix> Prefixes, ValueList<IpAddress> InternalIps);

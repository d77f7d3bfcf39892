using Kn.Dns.Serving;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Listening;

/// <summary>Drives who may ask: the cluster's pods and nodes, and whom the config names.</summary>
internal sealed class ClientsTarget(ClientRules rules, ClusterOptions cluster, DnsOptions options, Action onUnknown) : ITarget<string, ClientsPiece>
{
    private const string All = "clients";

    private static readonly IpPrefix[] Private =
    [
        IpPrefix.Parse("10.0.0.0/8"), IpPrefix.Parse("100.64.0.0/10"), IpPrefix.Parse("172.16.0.0/12"), IpPrefix.Parse("192.168.0.0/16"),
        IpPrefix.Parse("169.254.0.0/16"), IpPrefix.Parse("fc00::/7"), IpPrefix.Parse("fe80::/10"),
    ];

    private ClientsPiece? _applied;
    private bool _isTold;

    /// <inheritdoc/>
    public string Name => All;

    /// <inheritdoc/>
    public IEnumerable<string> Keys(ClusterSnapshot cluster) => [All];

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<string> keys)
    {
        if (change.Object is Node
            && (change.Before is not Node before || change.After is not Node after || before.PodCidrs != after.PodCidrs || before.InternalIps != after.InternalIps))
        {
            keys.Add(All);
        }
    }

    /// <inheritdoc/>
    public ClientsPiece Plan(ClusterSnapshot snapshot, string key, Problems problems)
    {
        var pods = cluster.PodCidrs.Concat(snapshot.Nodes.SelectMany(static node => (IEnumerable<IpPrefix>)node.PodCidrs).Where(static prefix => PodCidrRules.Fault(prefix) is null)).ToList();
        var nodes = snapshot.Nodes.SelectMany(static node => (IEnumerable<IpAddress>)node.InternalIps).Select(IpPrefix.Of);

        // An IPAM of somebody else's may say nothing of its pods' prefixes; names that nobody gets are worse than a neighbour who may ask.
        return new ClientsPiece(pods.Concat(pods.Count == 0 ? Private : []).Concat(nodes).Concat(options.Clients).Distinct().Order().ToValueList(), pods.Count == 0);
    }

    /// <inheritdoc/>
    public Task<ValueMap<string, ClientsPiece>> ReadAsync(CancellationToken cancellationToken) =>
        Task.FromResult(_applied is null ? default : ValueMap.Of((All, _applied)));

    /// <inheritdoc/>
    public Task ApplyAsync(Changes<string, ClientsPiece> changes, CancellationToken cancellationToken)
    {
        foreach (var change in changes.All.Where(static change => change.After is not null))
        {
            _applied = change.After!;
            rules.Set(_applied.Prefixes);
            if (_applied.ArePodsUnknown && !_isTold)
            {
                _isTold = true;
                onUnknown();
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Who may ask.</summary>
/// <param name="Prefixes">In order.</param>
/// <param name="ArePodsUnknown">No prefix of pods is known: private addresses stand for them.</param>
internal sealed record ClientsPiece(ValueList<IpPrefix> Prefixes, bool ArePodsUnknown);

using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Primitives;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Lab.Controllers;

/// <summary>Gives each node a prefix of every cluster prefix as its podCIDRs: /24 and /64, as kube-controller-manager does.</summary>
public sealed class PodCidrController
{
    private readonly ApiClient _client;
    private readonly IReadOnlyList<IpPrefix> _clusterPrefixes;
    private readonly Informer _nodes;
    private readonly ControllerLoop _loop;

    // Given out, but the watch has not said so yet. One worker touches it.
    private readonly Dictionary<string, IReadOnlyList<IpPrefix>> _given = new(StringComparer.Ordinal);

    /// <summary>Makes the controller of a cluster; the prefixes' order is the order of podCIDRs.</summary>
    public PodCidrController(ApiClient client, IReadOnlyList<IpPrefix> clusterPrefixes, ILogger? logger = null, TimeProvider? time = null)
    {
        _client = client;
        _clusterPrefixes = clusterPrefixes;
        _loop = new ControllerLoop("podcidr", logger ?? NullLogger.Instance, time ?? TimeProvider.System);
        _nodes = new Informer(client, ApiResources.Nodes, logger: logger, time: time)
        {
            Changed = (old, node) => _loop.Enqueue((node ?? old)!.Name()),
        };
    }

    /// <summary>Works until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([_nodes], 1, ReconcileAsync, cancellationToken);

    private async Task ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (_nodes.Find(name) is not { } node || node.List("spec", "podCIDRs") is { Count: > 0 })
        {
            _given.Remove(name);
            return;
        }

        if (_given.ContainsKey(name))
        {
            return;
        }

        var used = _nodes.Objects.SelectMany(static other => other.Texts("spec", "podCIDRs"))
            .Where(static text => IpPrefix.TryParse(text, out _)).Select(static text => IpPrefix.Parse(text))
            .Concat(_given.Values.SelectMany(static prefixes => prefixes)).ToList();
        var chosen = PodCidrRules.Choose(_clusterPrefixes, used) ?? throw new ApiException(507, "Exhausted", "no pod CIDR is left for this node");
        var patch = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["podCIDR"] = chosen[0].ToString(),
                ["podCIDRs"] = JsonTree.Array(chosen.Select(static prefix => prefix.ToString())),
            },
        };
        await _client.PatchAsync(ApiResources.Nodes, null, name, null, patch, PatchKind.Merge, cancellationToken);
        _given[name] = chosen;
    }
}

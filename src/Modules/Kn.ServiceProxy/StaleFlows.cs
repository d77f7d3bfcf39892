using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;
using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy;

/// <summary>Collects which connections of conntrack the changes since the last look have made wrong. No I/O.</summary>
/// <remarks>
/// <para>A UDP client that keeps its port keeps its conntrack entry, and with it the translation to an endpoint that is gone, or, from
/// before its Service had an endpoint, none. Endpoints that terminate and still serve keep their clients. A restart looks once, at
/// endpoints that went while nobody looked. TCP needs nothing: its connections end by themselves.</para>
/// <para>When the table was made anew, because somebody had deleted it, connections that began meanwhile are untranslated, and every
/// repetition of their first packet would keep them so: those that nobody answered are forgotten, of all protocols.</para>
/// </remarks>
internal sealed class StaleFlows
{
    private readonly HashSet<ProxyKey> _suspects = [];
    private readonly HashSet<Vip> _awakened = [];
    private readonly Dictionary<Vip, HashSet<EndpointAddress>> _gone = [];
    private bool _isTableNew;

    /// <summary>Every UDP port has to be looked at.</summary>
    public void NoteAll(IEnumerable<ProxyKey> keys) => _suspects.UnionWith(keys.Where(static key => key.Protocol == IpProtocol.Udp));

    /// <summary>A slice changed: the ports of its Service are looked at if an endpoint serves no more.</summary>
    public void Note(ObjectChange change, IEnumerable<ProxyKey> affected)
    {
        if (change.Before is EndpointSlice before && !Serving(before).IsSubsetOf(change.After is EndpointSlice after ? Serving(after) : []))
        {
            NoteAll(affected);
        }
    }

    /// <summary>The table changed.</summary>
    public void Note(Changes<ProxyKey, ProxyPiece> changes)
    {
        foreach (var change in changes.All)
        {
            _isTableNew |= change.After is TablePiece;
            if (change.Key is { Kind: ProxyKeyKind.ServicePort, Protocol: IpProtocol.Udp })
            {
                var (before, after) = (change.Before as ServicePortPiece, change.After as ServicePortPiece);
                Note(change.Key, before?.V4, after?.V4);
                Note(change.Key, before?.V6, after?.V6);
            }
        }
    }

    /// <summary>What is to be forgotten, and a clean slate; null when nothing is.</summary>
    /// <param name="cluster">The latest state.</param>
    /// <param name="node">This node.</param>
    /// <param name="table">Who has which VIP.</param>
    public FlowVerdicts? Take(ClusterSnapshot cluster, ProxyNode node, TableState table)
    {
        var verdicts = new FlowVerdicts();
        foreach (var key in _isTableNew ? table.Ports.Keys : _suspects)
        {
            if (table.Ports.TryGetValue(key, out var port))
            {
                AddPort(verdicts, cluster, node, table, port);
            }
        }

        foreach (var (vip, endpoints) in _gone)
        {
            verdicts.Of(vip).Gone.UnionWith(endpoints);
        }

        foreach (var vip in _awakened)
        {
            verdicts.Of(vip).ForgetsUntranslated = true;
        }

        _suspects.Clear();
        _awakened.Clear();
        _gone.Clear();
        _isTableNew = false;
        return verdicts.IsEmpty ? null : verdicts;
    }

    private void AddPort(FlowVerdicts verdicts, ClusterSnapshot cluster, ProxyNode node, TableState table, PortState port)
    {
        foreach (var vip in port.ToVips().Where(vip => table.Owner(vip) == port.Key))
        {
            var verdict = verdicts.Of(vip);
            verdict.ForgetsUntranslated |= _isTableNew;
            verdict.Serving = port.Key.Protocol == IpProtocol.Udp ? ServiceProxyPlan.Serving(cluster, node, port.Key, vip.Address.Family) : null;
        }
    }

    private void Note(ProxyKey key, FamilyPiece? before, FamilyPiece? after)
    {
        var left = Endpoints(before);
        left.ExceptWith(Endpoints(after));
        if (left.Count > 0)
        {
            _suspects.Add(key);
        }

        var (vipsBefore, vipsAfter) = (Vips(before), Vips(after));
        foreach (var vip in vipsBefore.Where(vip => !vipsAfter.Contains(vip)))
        {
            _gone[vip] = Endpoints(before);
        }

        _awakened.UnionWith(HasNew(before, after) ? vipsAfter : vipsAfter.Where(vip => !vipsBefore.Contains(vip)));
    }

    /// <summary>True when a list that was empty, or was not there, has endpoints now.</summary>
    private static bool HasNew(FamilyPiece? before, FamilyPiece? after) =>
        (before?.Cluster?.Endpoints.IsEmpty != false && after?.Cluster?.Endpoints.IsEmpty == false)
        || (before?.Local?.Endpoints.IsEmpty != false && after?.Local?.Endpoints.IsEmpty == false);

    private static HashSet<Vip> Vips(FamilyPiece? family) => [.. (family?.Vips ?? default).Select(static vip => vip.Vip)];

    private static HashSet<EndpointAddress> Endpoints(FamilyPiece? family) =>
        [.. family?.Cluster?.Endpoints ?? default, .. family?.Local?.Endpoints ?? default];

    private static HashSet<(IpAddress Address, ushort? Port)> Serving(EndpointSlice slice) =>
    [
        .. slice.Ports.Where(static port => port.Protocol == IpProtocol.Udp).SelectMany(port => slice.Endpoints
            .Where(static endpoint => endpoint.Ready || endpoint.Serving)
            .Select(endpoint => (endpoint.Address, port.Port))),
    ];
}

using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Netlink;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.Peers;
using Kn.Routes.Pieces;

namespace Kn.Routes;

/// <summary>Drives the routes to podCIDRs in the main table, and the tunnels that some of them lead into.</summary>
/// <remarks>The plan depends on the snapshot and on the underlay, which <see cref="ReadAsync"/> reads; when the underlay changes, the
/// drift source makes the loop read again, and so plan every key.</remarks>
internal sealed class RoutesTarget(RouteSocket socket, PeerTable peers, RoutesLedger ledger, Action published) : ITarget<RoutesKey, RoutesPiece>
{
    public string Name => "podCidrRoutes";

    public IEnumerable<RoutesKey> Keys(ClusterSnapshot cluster)
    {
        peers.Be(cluster.Nodes, ledger.Network.Underlay);
        return peers.Keys();
    }

    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<RoutesKey> keys)
    {
        if (change.Object is not Node
            || (change is { Before: Node before, After: Node after }
                && before.PodCidrs == after.PodCidrs && before.InternalIps == after.InternalIps
                && before.Metadata.CreationTimestamp == after.Metadata.CreationTimestamp))
        {
            return;
        }

        peers.Follow(cluster.Nodes, change.Before as Node, change.After as Node, keys);
    }

    public RoutesPiece? Plan(ClusterSnapshot cluster, RoutesKey key, Problems problems)
    {
        peers.Be(cluster.Nodes, ledger.Network.Underlay);
        return RoutesPlan.Of(peers, key, problems);
    }

    public Task<ValueMap<RoutesKey, RoutesPiece>> ReadAsync(CancellationToken cancellationToken)
    {
        var links = socket.ReadLinks();
        var addresses = socket.ReadAddresses();
        var pieces = RoutesReading.Read(socket, links, addresses);
        ledger.Found(KernelNetwork.Of(links, addresses, ledger.Network.Underlay), pieces);
        published();
        return Task.FromResult(pieces);
    }

    public Task ApplyAsync(Changes<RoutesKey, RoutesPiece> changes, CancellationToken cancellationToken)
    {
        ledger.Expect(changes);
        var tunnels = EnsureTunnels(changes);
        var failure = Send([.. Ensures(changes, tunnels), .. Removals(changes)]) ?? tunnels.Failure;
        if (failure is not null)
        {
            ledger.Unknown();
            throw failure;
        }

        ledger.Tell(changes);
        published();
        return Task.CompletedTask;
    }

    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        var failure = Send([.. RoutesReading.OurRoutes(socket).Select(static RouteChange (route) => new RemoveRoute(route))]);
        foreach (var outer in Vtep.Families)
        {
            if (socket.FindLink(Vtep.LinkName(outer)) is { } link)
            {
                socket.RemoveLink(link.Index);
            }
        }

        return failure is null ? Task.CompletedTask : throw failure;
    }

    /// <summary>The kernel replaces a route of the same destination and metric in place, so nothing is left of the one before; not so when an
    /// IPv6 route changes its type.</summary>
    private static bool NeedsRemoval(RoutesKey key, RoutesPiece before, RoutesPiece after) =>
        key.Prefix.Family == IpFamily.V6 && before is PodCidrRoute { Gateway: var old } && after is PodCidrRoute { Gateway: var now } && (old is null) != (now is null);

    /// <summary>Links come first: what is on them needs their index. One that cannot be had (its VNI is another's, the kernel has no VXLAN)
    /// keeps only what is on it from its place.</summary>
    private TunnelOutcome EnsureTunnels(Changes<RoutesKey, RoutesPiece> changes)
    {
        var outcome = new TunnelOutcome();
        foreach (var change in changes.All)
        {
            if (change is not { Key: { Kind: RoutesKind.Link, Outer: var outer }, After: VxlanTunnel after })
            {
                continue;
            }

            try
            {
                if (EnsureTunnel(outer, change.Before as VxlanTunnel, after))
                {
                    outcome.Remade.Add(outer);
                }
            }
            catch (NetlinkException e)
            {
                outcome.Missing.Add(outer);
                outcome.Failure ??= e;
            }
        }

        return outcome;
    }

    /// <summary>Changes the link, or makes it.</summary>
    /// <returns>True when it was made: nothing is on it yet.</returns>
    private bool EnsureTunnel(IpFamily outer, VxlanTunnel? before, VxlanTunnel after)
    {
        if (before?.CanBecome(after) == true)
        {
            socket.ChangeLink(ledger.Network.Tunnels[outer], Difference(before, after, outer));
            return false;
        }

        if (socket.FindLink(Vtep.LinkName(outer)) is { } other)
        {
            socket.RemoveLink(other.Index);
        }

        socket.CreateVxlan(KernelPieces.ToLink(after, outer));
        ledger.Made(outer, socket.FindLinkIndex(Vtep.LinkName(outer)) ?? 0);
        return true;
    }

    private static LinkChange Difference(VxlanTunnel before, VxlanTunnel after, IpFamily outer) => new()
    {
        Up = before.Up ? null : true,
        Mac = before.Mac == after.Mac ? null : after.Mac,
        Mtu = before.Mtu == after.Mtu ? null : after.Mtu,
        VxlanLocal = before.Local == after.Local ? null : after.Local ?? IpAddress.Any(outer),
    };

    /// <summary>Additions and replacements, what others need first.</summary>
    private List<RouteChange> Ensures(Changes<RoutesKey, RoutesPiece> changes, TunnelOutcome tunnels)
    {
        var wanted = changes.All.Where(static change => change is { After: not null, Key.Kind: not RoutesKind.Link }).Select(static change => (change.Key, Piece: change.After!)).ToList();
        foreach (var outer in tunnels.Remade)
        {
            var changed = wanted.Select(static entry => entry.Key).ToHashSet();
            wanted.AddRange(ledger.On(outer).Where(entry => !changed.Contains(entry.Key)).Select(static entry => (entry.Key, entry.Value)));
        }

        var links = ledger.Network.Tunnels;
        return
        [
            .. wanted.Where(entry => RoutesLedger.OuterOf(entry.Key, entry.Piece) is not { } outer || !tunnels.Missing.Contains(outer))
                .OrderBy(static entry => entry.Key.Kind)
                .Select(entry => KernelPieces.Ensure(entry.Key, entry.Piece, IndexFor(entry.Key, entry.Piece, links))),
        ];
    }

    /// <summary>After the additions, so that a prefix that moves is never without a route; links last, and what goes with them not at all.</summary>
    private List<RouteChange> Removals(Changes<RoutesKey, RoutesPiece> changes)
    {
        var links = ledger.Network.Tunnels;
        var leaving = changes.All.Where(static change => change is { Key.Kind: RoutesKind.Link, After: null }).Select(static change => change.Key.Outer).ToHashSet();
        var removals = new List<RouteChange>();
        foreach (var (key, before, after) in changes.All.OrderByDescending(static change => change.Key.Kind))
        {
            if (before is null || (after is not null && !NeedsRemoval(key, before, after)))
            {
                continue;
            }

            if (key.Kind == RoutesKind.Link)
            {
                removals.Add(new RemoveLink(links[key.Outer]));
            }
            else if (key.Kind == RoutesKind.Route || !leaving.Contains(key.Outer))
            {
                removals.Add(KernelPieces.Remove(key, before, IndexFor(key, before, links)));
            }
        }

        return removals;
    }

    private static int IndexFor(RoutesKey key, RoutesPiece piece, TunnelLinks links) => RoutesLedger.OuterOf(key, piece) is { } outer ? links[outer] : 0;

    /// <summary>One change that the kernel refuses does not keep the others from their place.</summary>
    /// <returns>The first refusal; null when all went well.</returns>
    private NetlinkException? Send(IReadOnlyList<RouteChange> changes) => socket.Apply(changes) is [var failure, ..] ? failure.Error : null;

    /// <summary>What became of the tunnels.</summary>
    private sealed class TunnelOutcome
    {
        /// <summary>Made, or made anew: everything that should be on them has to be put there.</summary>
        public List<IpFamily> Remade { get; } = [];

        /// <summary>Could not be had.</summary>
        public List<IpFamily> Missing { get; } = [];

        public NetlinkException? Failure { get; set; }
    }
}

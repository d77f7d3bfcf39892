using Kn.Hosting.Reconciling;
using Kn.Primitives;
using Kn.Routes.Pieces;
using Microsoft.Extensions.Logging;

namespace Kn.Routes;

/// <summary>What the module knows to be in the kernel, so that it can tell others' changes from its own. Written by the reconcile loop, read
/// by whoever hears the kernel's notifications or reads the metrics.</summary>
/// <remarks>A change is entered before it is sent: the kernel tells of it while it is being made.</remarks>
internal sealed class RoutesLedger(ILogger logger)
{
    /// <summary>More changes at once are told of by their number.</summary>
    private const int MaxToldOneByOne = 20;

    private const int MaxNamed = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<RoutesKey, RoutesPiece> _known = [];
    private readonly Dictionary<(IpFamily Family, IpFamily? Vxlan), int> _routes = [];
    private bool _isKnown;
    private bool _wasRead;
    private KernelNetwork _network = KernelNetwork.None;

    /// <summary>This node's network, as last read.</summary>
    public KernelNetwork Network => Volatile.Read(ref _network);

    /// <summary>Pieces that had to be put back, since the start.</summary>
    public int Repaired { get; private set; }

    /// <summary>The piece of that key; null when there is none.</summary>
    public RoutesPiece? Find(RoutesKey key)
    {
        lock (_lock)
        {
            return _known.GetValueOrDefault(key);
        }
    }

    /// <summary>Routes to other nodes' podCIDRs of a family, direct or by a tunnel.</summary>
    public int Count(IpFamily family, bool byVxlan)
    {
        lock (_lock)
        {
            return byVxlan
                ? _routes.GetValueOrDefault((family, IpFamily.V4)) + _routes.GetValueOrDefault((family, IpFamily.V6))
                : _routes.GetValueOrDefault((family, null));
        }
    }

    /// <summary>The tunnel of that outer family; null when there is none.</summary>
    public VxlanTunnel? Tunnel(IpFamily outer) => Find(RoutesKey.Link(outer)) as VxlanTunnel;

    /// <summary>Everything on a tunnel's link.</summary>
    public IReadOnlyList<KeyValuePair<RoutesKey, RoutesPiece>> On(IpFamily outer)
    {
        lock (_lock)
        {
            return [.. _known.Where(entry => entry.Key.Kind != RoutesKind.Link && OuterOf(entry.Key, entry.Value) == outer)];
        }
    }

    /// <summary>The tunnel that a piece needs; null for one that needs none.</summary>
    public static IpFamily? OuterOf(RoutesKey key, RoutesPiece piece) => piece is PodCidrRoute route ? route.Vxlan : key.Outer;

    /// <summary>The kernel was read.</summary>
    public void Found(KernelNetwork network, ValueMap<RoutesKey, RoutesPiece> pieces)
    {
        var sameUnderlay = network.Underlay == _network.Underlay;
        lock (_lock)
        {
            if (_isKnown && sameUnderlay)
            {
                TellLost(_known.Where(entry => pieces.Find(entry.Key) != entry.Value).Select(static entry => entry.Key).ToList());
            }

            _known.Clear();
            _routes.Clear();
            foreach (var (key, piece) in pieces)
            {
                Put(key, null, piece);
            }

            _isKnown = true;
        }

        if (!_wasRead)
        {
            _wasRead = true;
            RoutesLog.Adopted(logger, pieces.Keys.Count(static key => key.Kind == RoutesKind.Route));
        }

        if (!sameUnderlay)
        {
            RoutesLog.UnderlayChanged(logger, string.Join(", ", network.Underlay.Subnets.Select(static subnet => subnet.Prefix)));
        }

        Volatile.Write(ref _network, network);
    }

    /// <summary>A tunnel's link has a new index.</summary>
    public void Made(IpFamily outer, int index) =>
        Volatile.Write(ref _network, Network with { Tunnels = Network.Tunnels.With(outer, index) });

    /// <summary>These changes are about to be made.</summary>
    public void Expect(Changes<RoutesKey, RoutesPiece> changes)
    {
        lock (_lock)
        {
            foreach (var (key, before, after) in changes.All)
            {
                Put(key, before, after);
            }
        }
    }

    /// <summary>These changes were made.</summary>
    public void Tell(Changes<RoutesKey, RoutesPiece> changes)
    {
        var installed = changes.All.Where(static change => change.After is PodCidrRoute { Gateway: not null }).ToList();
        var removed = changes.All.Where(static change => change is { After: null, Before: PodCidrRoute { Gateway: not null } }).ToList();
        if (installed.Count + removed.Count > MaxToldOneByOne)
        {
            RoutesLog.ManyChanged(logger, installed.Count, removed.Count);
            return;
        }

        foreach (var change in installed)
        {
            var route = (PodCidrRoute)change.After!;
            RoutesLog.Installed(logger, change.Key.Prefix, route.Gateway!.Value, route.Vxlan is { } outer ? Vtep.LinkName(outer) : "direct");
        }

        foreach (var change in removed)
        {
            RoutesLog.Removed(logger, change.Key.Prefix);
        }
    }

    /// <summary>The kernel refused a change: what there is now is known after the next read.</summary>
    public void Unknown()
    {
        lock (_lock)
        {
            _isKnown = false;
        }
    }

    private void Put(RoutesKey key, RoutesPiece? before, RoutesPiece? after)
    {
        Count(key, before, -1);
        Count(key, after, 1);
        if (after is null)
        {
            _known.Remove(key);
        }
        else
        {
            _known[key] = after;
        }
    }

    private void Count(RoutesKey key, RoutesPiece? piece, int change)
    {
        if (piece is PodCidrRoute { Gateway: not null } route)
        {
            var way = (key.Prefix.Family, route.Vxlan);
            _routes[way] = _routes.GetValueOrDefault(way) + change;
        }
    }

    private void TellLost(List<RoutesKey> lost)
    {
        if (lost.Count > 0)
        {
            Repaired += lost.Count;
            var more = lost.Count > MaxNamed ? $" and {lost.Count - MaxNamed} more" : "";
            RoutesLog.Repaired(logger, string.Join(", ", lost.Take(MaxNamed)) + more);
        }
    }
}

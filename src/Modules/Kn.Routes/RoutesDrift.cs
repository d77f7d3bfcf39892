using System.Threading.Channels;
using Kn.Hosting.Reconciling;
using Kn.Linux.Routes;
using Kn.Routes.Pieces;

namespace Kn.Routes;

/// <summary>Tells when something of ours, or a link or address that it depends on, was changed by somebody else.</summary>
/// <remarks>The kernel does not say who changed an FDB, nor a link that it takes several steps to make: there the ledger tells. What it tells of may
/// be older than what the ledger expects, so such a doubt counts only when nothing that dispels it follows.</remarks>
internal sealed class RoutesDrift : IDriftSource, IDisposable
{
    /// <summary>How long a doubt waits to be dispelled.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly HashSet<RoutesKey> _doubts = [];
    private readonly RoutesLedger _ledger;
    private readonly uint _own;
    private readonly RouteMonitor _monitor;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Listens from now on.</summary>
    /// <param name="ledger">What is known to be there.</param>
    /// <param name="own">The port id of the socket that our own changes come from.</param>
    public RoutesDrift(RoutesLedger ledger, uint own)
    {
        _ledger = ledger;
        _own = own;
        _monitor = RouteMonitor.Open(
            RouteMonitorGroups.Routes | RouteMonitorGroups.Links | RouteMonitorGroups.Addresses | RouteMonitorGroups.Neighbours,
            concerns: IsNews);
    }

    /// <summary>Passes on what is heard, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _monitor.ReadAllAsync(cancellationToken))
        {
            if (KeyOfAnonymous(change, _ledger) is not null)
            {
                // One wait serves all doubts there are: what is queued behind them must not wait for each.
                if (HasDoubts())
                {
                    await Task.Delay(Patience, cancellationToken);
                }

                if (!TakeDoubts())
                {
                    continue;
                }
            }

            _signal.Writer.TryWrite(true);
        }
    }

    /// <inheritdoc/>
    public async Task WaitForDriftAsync(CancellationToken cancellationToken) => await _signal.Reader.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _monitor.Dispose();

    /// <summary>Whether an event may mean that something is no longer as planned. Pods' links, and neighbours on other links, come and go all
    /// the time and never do.</summary>
    internal static bool Concerns(RouteEvent change, RoutesLedger ledger, uint own)
    {
        if (change is EventsLost)
        {
            return true;
        }

        if (change.CausedBy == own)
        {
            return false;
        }

        var network = ledger.Network;
        return change switch
        {
            RouteChangeEvent route => Concerns(route.Route, route.IsRemoved, ledger),
            LinkEvent link when OuterOf(link.Link) is { } outer => link.IsRemoved || ledger.Tunnel(outer) != KernelPieces.Of(link.Link),
            LinkEvent link => network.IsNews(link.Link, link.IsRemoved),
            AddressEvent address when network.Tunnels.OuterOf(address.Address.LinkIndex) is { } outer =>
                !address.Address.Address.IsLinkLocal && Differs(ledger, RoutesKey.Address(outer, address.Address.Address), address.IsRemoved ? null : TunnelAddress.Present),
            AddressEvent address => network.IsNews(address.Address, address.IsRemoved),
            NeighbourEvent neighbour when network.Tunnels.OuterOf(neighbour.Neighbour.LinkIndex) is { } outer =>
                Differs(ledger, RoutesKey.Neighbour(outer, neighbour.Neighbour.Address), neighbour.IsRemoved ? null : RoutesReading.Of(neighbour.Neighbour)),
            FdbEvent entry when network.Tunnels.OuterOf(entry.Entry.LinkIndex) is { } outer =>
                Differs(ledger, RoutesKey.Forward(outer, entry.Entry.Mac), entry.IsRemoved ? null : RoutesReading.Of(entry.Entry)),
            _ => false,
        };
    }

    private bool IsNews(RouteEvent change)
    {
        var concerns = Concerns(change, _ledger, _own);
        if (KeyOfAnonymous(change, _ledger) is { } key)
        {
            lock (_lock)
            {
                _ = concerns ? _doubts.Add(key) : _doubts.Remove(key);
            }
        }

        return concerns;
    }

    private bool HasDoubts()
    {
        lock (_lock)
        {
            return _doubts.Count > 0;
        }
    }

    private bool TakeDoubts()
    {
        lock (_lock)
        {
            var any = _doubts.Count > 0;
            _doubts.Clear();
            return any;
        }
    }

    /// <summary>What a change without an author is about; null for one that has an author.</summary>
    private static RoutesKey? KeyOfAnonymous(RouteEvent change, RoutesLedger ledger) => change switch
    {
        LinkEvent link when OuterOf(link.Link) is { } outer => RoutesKey.Link(outer),
        FdbEvent entry when ledger.Network.Tunnels.OuterOf(entry.Entry.LinkIndex) is { } outer => RoutesKey.Forward(outer, entry.Entry.Mac),
        _ => null,
    };

    private static bool Concerns(Route route, bool isRemoved, RoutesLedger ledger)
    {
        if (route.Table != RouteTable.Main)
        {
            return false;
        }

        var expected = ledger.Find(KernelPieces.KeyOf(route));
        return KernelPieces.IsOurs(route)
            ? isRemoved ? expected is not null : expected != KernelPieces.Of(route, ledger.Network.Tunnels)

            // Somebody else's of the same destination and metric has taken the place of ours.
            : expected is not null && !isRemoved;
    }

    private static bool Differs(RoutesLedger ledger, RoutesKey key, RoutesPiece? told) => ledger.Find(key) != told;

    private static Primitives.IpFamily? OuterOf(Link link)
    {
        foreach (var outer in Vtep.Families)
        {
            if (link.Name == Vtep.LinkName(outer))
            {
                return outer;
            }
        }

        return null;
    }
}

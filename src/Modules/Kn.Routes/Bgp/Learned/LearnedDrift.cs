using System.Threading.Channels;
using Kn.Hosting;
using Kn.Hosting.Reconciling;
using Kn.Linux.Routes;

namespace Kn.Routes.Bgp.Learned;

/// <summary>Tells when a learned route was changed by somebody else, or the way to next hops may have; and whoever hangs on the network, too.</summary>
internal sealed class LearnedDrift : IDriftSource, IDisposable
{
    private readonly uint _own;
    private readonly RouteMonitor _monitor;
    private readonly Signal _routes = new();
    private readonly Signal _network = new();

    /// <summary>Listens from now on.</summary>
    /// <param name="own">The port id of the socket that our own changes come from.</param>
    public LearnedDrift(uint own)
    {
        _own = own;
        _monitor = RouteMonitor.Open(RouteMonitorGroups.Routes | RouteMonitorGroups.Links | RouteMonitorGroups.Addresses, concerns: Concerns);
    }

    /// <summary>What is expected of the kernel; set before <see cref="RunAsync"/>.</summary>
    public Func<Route, LearnedRoute?> Expected { get; set; } = static _ => null;

    /// <summary>This node's network, as last read.</summary>
    public Func<KernelNetwork> Network { get; set; } = static () => KernelNetwork.None;

    /// <summary>Tells when links or addresses changed.</summary>
    public IDriftSource OfNetwork => _network;

    /// <summary>Asks for a look at everything.</summary>
    public void Ask() => _routes.Set();

    /// <summary>Asks whoever hangs on the network for a look at everything.</summary>
    public void AskNetwork() => _network.Set();

    /// <summary>Passes on what is heard, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _monitor.ReadAllAsync(cancellationToken))
        {
            _routes.Set();
            if (change is not RouteChangeEvent)
            {
                _network.Set();
            }
        }
    }

    /// <inheritdoc/>
    public Task WaitForDriftAsync(CancellationToken cancellationToken) => _routes.WaitForDriftAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _monitor.Dispose();

    private bool Concerns(RouteEvent change) => change switch
    {
        EventsLost => true,
        { CausedBy: var by } when by == _own => false,
        RouteChangeEvent { Route: { Table: RouteTable.Main } route, IsRemoved: var isRemoved } => Concerns(route, isRemoved),
        LinkEvent link => IsTunnel(link) || Network().IsNews(link.Link, link.IsRemoved),
        AddressEvent address => Network().IsNews(address.Address, address.IsRemoved),
        _ => false,
    };

    private bool Concerns(Route route, bool isRemoved)
    {
        var expected = Expected(route);
        if (LearnedRoute.IsOurs(route))
        {
            return isRemoved ? expected?.Metric == route.Metric : expected != LearnedRoute.Of(route);
        }

        // Another's in the place of ours; or one that a next hop may be reached by.
        return (expected?.Metric == route.Metric && !isRemoved)
            || (route.Protocol != NodeResources.RouteProtocol && (route.Gateway is not null || !route.NextHops.IsEmpty));
    }

    /// <summary>A tunnel came or went: routes into it need another link, and the kernel removed them without a word.</summary>
    private bool IsTunnel(LinkEvent link)
    {
        if (link.Link.Name is not (NodeResources.VxlanLink or NodeResources.VxlanLinkV6))
        {
            return false;
        }

        var known = Network().Tunnels.OuterOf(link.Link.Index) is not null;
        return known == link.IsRemoved;
    }

    /// <summary>What is told while nobody waits is one signal.</summary>
    private sealed class Signal : IDriftSource
    {
        private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        public void Set() => _channel.Writer.TryWrite(true);

        public async Task WaitForDriftAsync(CancellationToken cancellationToken) => await _channel.Reader.ReadAsync(cancellationToken);
    }
}

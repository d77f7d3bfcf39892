using System.Threading.Channels;
using Kn.Hosting;
using Kn.Hosting.Reconciling;
using Kn.Linux.Routes;

namespace Kn.ServiceProxy;

/// <summary>Tells when somebody else (networkd and NetworkManager do, on a reload) removed or changed the routes to the Service prefixes.</summary>
internal sealed class ServiceRouteDrift : IDriftSource, IDisposable
{
    private readonly RouteMonitor _monitor;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Listens from now on.</summary>
    /// <param name="own">The port id of the socket that our own changes come from.</param>
    /// <param name="loopbackIndex">The link of the routes.</param>
    public ServiceRouteDrift(uint own, int loopbackIndex) => _monitor = RouteMonitor.Open(
        RouteMonitorGroups.Routes | RouteMonitorGroups.Links | RouteMonitorGroups.Addresses, concerns: change => Concerns(change, own, loopbackIndex));

    /// <summary>Passes on what is heard, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in _monitor.ReadAllAsync(cancellationToken))
        {
            _signal.Writer.TryWrite(true);
        }
    }

    /// <inheritdoc/>
    public async Task WaitForDriftAsync(CancellationToken cancellationToken) => await _signal.Reader.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _monitor.Dispose();

    /// <summary>An IPv4 route goes without a word when its source address goes, or its link goes down.</summary>
    private static bool Concerns(RouteEvent change, uint own, int loopbackIndex) => change switch
    {
        EventsLost => true,
        RouteChangeEvent route => route.CausedBy != own
            && route.Route is { Table: RouteTable.Main, Protocol: NodeResources.RouteProtocol, Gateway: null, Type: RouteType.Unicast }
            && route.Route.LinkIndex == loopbackIndex,
        LinkEvent link => link.Link.Index == loopbackIndex,
        AddressEvent address => !address.Address.Address.IsLinkLocal,
        _ => false,
    };
}

using System.Threading.Channels;
using Kn.Hosting;
using Kn.Hosting.Reconciling;
using Kn.Linux.Routes;

namespace Kn.Routes;

/// <summary>Tells when routes of ours, or the links and addresses that they depend on, were changed by somebody else.</summary>
internal sealed class UnderlayDrift : IDriftSource, IDisposable
{
    private readonly RouteMonitor _monitor = RouteMonitor.Open(
        RouteMonitorGroups.Routes | RouteMonitorGroups.Links | RouteMonitorGroups.Addresses, concerns: Concerns);
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Listens until cancelled. Begins before the first read, so that nothing falls between.</summary>
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

    /// <summary>Whether an event may mean that our routes are no longer as planned. Pods' links come and go all the time and never do.</summary>
    internal static bool Concerns(RouteEvent change) => change switch
    {
        EventsLost => true,
        // We remove routes too; reading once more afterwards costs little, and a removal by somebody else is never missed.
        RouteChangeEvent { IsRemoved: true } route => PodCidrRoute.IsOurs(route.Route),
        LinkEvent link => link.Link.Group is not (NodeResources.PodLinkGroup or NodeResources.DyingLinkGroup),
        // Every pod's link gets a link-local address; underlays are told by others.
        AddressEvent address => !address.Address.Address.IsLinkLocal,
        _ => false,
    };
}

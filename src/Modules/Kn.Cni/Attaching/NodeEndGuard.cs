using System.Threading.Channels;
using Kn.Hosting;
using Kn.Linux;
using Kn.Linux.Routes;
using Microsoft.Extensions.Logging;

namespace Kn.Cni.Attaching;

/// <summary>Puts back the routes to pods that somebody else removed (a network service that starts, a human).</summary>
/// <param name="repair">Knows the pods.</param>
/// <param name="onLinkGone">Called when somebody else, such as the end of a namespace, took a pod's link.</param>
/// <param name="ownPortId">The socket that the module writes by: what it removes is meant to be gone.</param>
/// <param name="logger">Is told of repairs.</param>
/// <param name="time">For the wait.</param>
internal sealed class NodeEndGuard(NodeEndRepair repair, Action onLinkGone, uint ownPortId, ILogger logger, TimeProvider time) : IDisposable
{
    /// <summary>Who removes one route removes more; and one who does it in a loop must not keep us busy.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(200);

    private readonly RouteMonitor _monitor = RouteMonitor.Open(RouteMonitorGroups.Routes | RouteMonitorGroups.Links, concerns: change => Concerns(change, ownPortId));
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Listens until cancelled. Begins with the constructor.</summary>
    public async Task ListenAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _monitor.ReadAllAsync(cancellationToken))
        {
            if (change is not RouteChangeEvent)
            {
                onLinkGone();
            }

            if (change is not LinkEvent)
            {
                _signal.Writer.TryWrite(true);
            }
        }
    }

    /// <summary>Repairs until cancelled.</summary>
    public async Task RepairAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _signal.Reader.ReadAsync(cancellationToken);
            await Task.Delay(Gathering, time, cancellationToken);
            try
            {
                await repair.RepairAsync(cancellationToken);
            }
            catch (LinuxException error)
            {
                CniLog.RepairFailed(logger, error.Message);
                _signal.Writer.TryWrite(true);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _monitor.Dispose();

    private static bool Concerns(RouteEvent change, uint ownPortId) => change switch
    {
        EventsLost => true,
        RouteChangeEvent { IsRemoved: true } removed =>
            removed.CausedBy != ownPortId && removed.Route.Protocol == NodeResources.RouteProtocol && PodLinks.IsPodRoute(removed.Route),
        LinkEvent { IsRemoved: true } removed =>
            removed.CausedBy != ownPortId && removed.Link.Group == NodeResources.PodLinkGroup && PodLinkNames.IsHostLink(removed.Link.Name),
        _ => false,
    };
}

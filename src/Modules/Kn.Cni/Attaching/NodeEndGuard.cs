using System.Threading.Channels;
using Kn.Hosting;
using Kn.Linux;
using Kn.Linux.Routes;
using Microsoft.Extensions.Logging;

namespace Kn.Cni.Attaching;

/// <summary>Puts back the routes to pods, and the limits of their bandwidth, that somebody else removed (a network service that starts, a human).</summary>
/// <param name="repair">Knows the pods.</param>
/// <param name="bridge">Guarded as well.</param>
/// <param name="onLinkGone">Called when somebody else, such as the end of a namespace, took a pod's link.</param>
/// <param name="ownPortId">The socket that the module writes by: what it removes is meant to be gone.</param>
/// <param name="logger">Is told of repairs.</param>
/// <param name="time">For the wait.</param>
internal sealed class NodeEndGuard(NodeEndRepair repair, NodeBridge bridge, Action onLinkGone, uint ownPortId, ILogger logger, TimeProvider time) : IDisposable
{
    /// <summary>Who removes one route removes more; and one who does it in a loop must not keep us busy.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(200);

    private readonly RouteMonitor _monitor = RouteMonitor.Open(
        RouteMonitorGroups.Routes | RouteMonitorGroups.Links | RouteMonitorGroups.Addresses | RouteMonitorGroups.Qdiscs,
        concerns: change => change.CausedBy != ownPortId && (Concerns(change) || repair.Concerns(change) || ConcernsBridge(change, bridge)));

    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Listens until cancelled. Begins with the constructor.</summary>
    public async Task ListenAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _monitor.ReadAllAsync(cancellationToken))
        {
            var isPodGone = change is LinkEvent { IsRemoved: true, Link.Group: NodeResources.PodLinkGroup };
            if (isPodGone || change is EventsLost)
            {
                onLinkGone();
            }

            if (!isPodGone)
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

    private static bool Concerns(RouteEvent change) => change switch
    {
        EventsLost => true,
        RouteChangeEvent { IsRemoved: true } removed => removed.Route.Protocol == NodeResources.RouteProtocol && PodLinks.IsPodRoute(removed.Route),
        LinkEvent { IsRemoved: true } removed => IsPodLink(removed.Link),
        // A bucket that is replaced goes, too; one whose rate is changed comes.
        QdiscEvent changed => changed.CausedBy != 0 && changed.Qdisc is { IsRoot: true } && (changed.IsRemoved || changed.Qdisc.TokenBucket is not null),
        _ => false,
    };

    private static bool ConcernsBridge(RouteEvent change, NodeBridge bridge) => bridge.IsInUse && change switch
    {
        LinkEvent { Link.Group: NodeResources.PodBridgeGroup } of => of.IsRemoved || !of.Link.IsUp,
        // A port that left.
        LinkEvent { IsRemoved: false, Link.Master: 0 } of => IsPodLink(of.Link),
        AddressEvent { IsRemoved: true } of => of.Address.LinkIndex == bridge.Index,
        _ => false,
    };

    private static bool IsPodLink(Link link) => link.Group == NodeResources.PodLinkGroup && PodLinkNames.IsHostLink(link.Name);
}

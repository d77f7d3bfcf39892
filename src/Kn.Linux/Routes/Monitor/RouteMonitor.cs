using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Changes of links, addresses, routes, neighbours, FDB, rules and qdiscs of one network namespace, as they happen.</summary>
/// <remarks>RTNLGRP_*, uapi/linux/rtnetlink.h.</remarks>
public sealed class RouteMonitor : IDisposable
{
    private const int RTNLGRP_LINK = 1;
    private const int RTNLGRP_NEIGH = 3;
    private const int RTNLGRP_TC = 4;
    private const int RTNLGRP_IPV4_IFADDR = 5;
    private const int RTNLGRP_IPV4_ROUTE = 7;
    private const int RTNLGRP_IPV4_RULE = 8;
    private const int RTNLGRP_IPV6_IFADDR = 9;
    private const int RTNLGRP_IPV6_ROUTE = 11;
    private const int RTNLGRP_IPV6_RULE = 19;

    private static readonly (RouteMonitorGroups Group, int[] Numbers)[] KernelGroups =
    [
        (RouteMonitorGroups.Links, [RTNLGRP_LINK]),
        (RouteMonitorGroups.Addresses, [RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR]),
        (RouteMonitorGroups.Routes, [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE]),
        (RouteMonitorGroups.Neighbours, [RTNLGRP_NEIGH]),
        (RouteMonitorGroups.Rules, [RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE]),
        (RouteMonitorGroups.Qdiscs, [RTNLGRP_TC]),
    ];

    private readonly NetlinkMonitor<RouteEvent> _monitor;

    private RouteMonitor(NetlinkMonitor<RouteEvent> monitor) => _monitor = monitor;

    /// <summary>Listens from now on: open it before reading the state, so that no change falls between.</summary>
    /// <param name="groups">What about.</param>
    /// <param name="inside">The network namespace; null for this one.</param>
    /// <param name="concerns">Whether the reader wants an event; pure and quick. On a busy node most events are of pods that come and go, and
    /// each that is not left out here wakes the reader. <see cref="EventsLost"/> is asked for too when it stands for a spoiled message.</param>
    /// <param name="otherNamespaces">Also what happens in every namespace that has an id in this one, such as those of veths' other ends; whether an event is
    /// from here or from there, it does not say. Needs CAP_NET_BROADCAST.</param>
    public static RouteMonitor Open(
        RouteMonitorGroups groups, NetworkNamespace? inside = null, Func<RouteEvent, bool>? concerns = null, bool otherNamespaces = false)
    {
        var numbers = KernelGroups.Where(entry => (entry.Group & groups) != 0).SelectMany(static entry => entry.Numbers).ToArray();
        return new RouteMonitor(NetlinkMonitor<RouteEvent>.Open(NetlinkProtocol.Route, numbers, RouteEventMessages.Read, new EventsLost(), inside, concerns, otherNamespaces));
    }

    /// <summary>The events in order, until the token is cancelled or the monitor is disposed. One reader at a time.</summary>
    public IAsyncEnumerable<RouteEvent> ReadAllAsync(CancellationToken cancellationToken) => _monitor.ReadAllAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _monitor.Dispose();
}

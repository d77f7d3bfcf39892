using Kn.Hosting.Metrics;
using Kn.LoadBalancer.Allocating;
using Kn.Primitives;

namespace Kn.LoadBalancer;

/// <summary>The module's metrics.</summary>
internal sealed class LoadBalancerMetrics(MetricRegistry registry)
{
    /// <summary>1 on the node that gives out addresses.</summary>
    public Gauge IsLeader { get; } = registry.Gauge("kn_lb_leader", "1 on the node that gives out addresses.");

    /// <summary>Services that wait for an address; on the leader.</summary>
    public Gauge Waiting { get; } = registry.Gauge("kn_lb_services_waiting", "Services without all the addresses that they ask for. Said by the leader.");

    /// <summary>Those of them that wait because pools are empty; on the leader.</summary>
    public Gauge Exhausted { get; } = registry.Gauge("kn_lb_services_exhausted", "Services without an address because the pools have none left. Said by the leader.");

    /// <summary>Writes of status.loadBalancer.</summary>
    public Counter StatusWrites { get; } = registry.Counter("kn_lb_status_writes_total", "Writes of status.loadBalancer.");

    /// <summary>Writes that failed.</summary>
    public Counter StatusFailures { get; } = registry.Counter("kn_lb_status_write_failures_total", "Writes of status.loadBalancer that failed.");

    /// <summary>Addresses that this node answers for.</summary>
    public Gauge Announced { get; } = registry.Gauge("kn_lb_announced_addresses", "Addresses that this node answers for by ARP and NDP.");

    /// <summary>Addresses that came to this node.</summary>
    public Counter Takeovers { get; } = registry.Counter("kn_lb_takeovers_total", "Addresses that came to this node.");

    /// <summary>Questions that were answered.</summary>
    public Counter Answers { get; } = registry.Counter("kn_lb_answers_total", "ARP requests and Neighbor Solicitations that were answered.");

    /// <summary>Gratuitous announcements.</summary>
    public Counter Gratuitous { get; } = registry.Counter("kn_lb_gratuitous_total", "Gratuitous ARP and unsolicited Neighbor Advertisements that were sent.");

    /// <summary>Claims of others.</summary>
    public Counter Conflicts { get; } = registry.Counter("kn_lb_conflicts_total", "Frames in which another machine claims an address that this node answers for.");

    /// <summary>Heartbeats sent.</summary>
    public Counter HeartbeatsSent { get; } = registry.Counter("kn_lb_heartbeats_sent_total", "Heartbeats sent to other nodes.");

    /// <summary>Heartbeats heard.</summary>
    public Counter HeartbeatsReceived { get; } = registry.Counter("kn_lb_heartbeats_received_total", "Heartbeats heard from other nodes.");

    /// <summary>What was no heartbeat, or was signed with another key.</summary>
    public Counter HeartbeatsRefused { get; } = registry.Counter("kn_lb_heartbeats_refused_total", "Datagrams on the heartbeats' port that are none, or are signed with another key.");

    /// <summary>Other nodes that this one listens for.</summary>
    public Gauge Peers { get; } = registry.Gauge("kn_lb_peers", "Nodes that this one shares addresses with.");

    /// <summary>Those of them that are heard.</summary>
    public Gauge PeersAlive { get; } = registry.Gauge("kn_lb_peers_alive", "Nodes that this one shares addresses with, and hears.");

    /// <summary>How many addresses of a family a pool has.</summary>
    public Gauge PoolAddresses(AddressPool pool, IpFamily family) => registry.Gauge(
        "kn_lb_pool_addresses", "Addresses that a pool has.", ("pool", pool.Name), ("family", ServiceRequest.Word(family)));

    /// <summary>How many of them are in use.</summary>
    public Gauge PoolAddressesInUse(AddressPool pool, IpFamily family) => registry.Gauge(
        "kn_lb_pool_addresses_in_use", "Addresses of a pool that Services have. Said by the leader.", ("pool", pool.Name), ("family", ServiceRequest.Word(family)));
}

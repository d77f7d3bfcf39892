using Kn.Primitives;

namespace Kn.LoadBalancer.Heartbeats;

/// <summary>A node that heartbeats go to.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">Its InternalIPs; a heartbeat goes to each, and one that comes is enough.</param>
internal sealed record HeartbeatPeer(string Name, ValueList<IpAddress> Addresses);

using Kn.Primitives;

namespace Kn.Routes;

/// <summary>What names a route of ours: the kernel holds one for a destination and a metric.</summary>
/// <param name="Destination">A podCIDR.</param>
/// <param name="Metric">Part of the name, so that one which was left with another metric (an older config) is noticed and removed.</param>
public readonly record struct RouteKey(IpPrefix Destination, uint Metric);

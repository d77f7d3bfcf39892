using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>One of several ways of a multipath route.</summary>
/// <param name="Gateway">Where to; null for the link itself.</param>
/// <param name="LinkIndex">Which way.</param>
/// <param name="Weight">Share of the traffic, 1 to 256.</param>
/// <param name="OnLink">The gateway is on the link, whatever other routes say.</param>
public readonly record struct NextHop(IpAddress? Gateway, int LinkIndex, int Weight = 1, bool OnLink = false);

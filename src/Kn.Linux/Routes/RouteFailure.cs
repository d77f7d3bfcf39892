using Kn.Linux.Netlink;

namespace Kn.Linux.Routes;

/// <summary>One change of a batch that the kernel refused.</summary>
/// <param name="Change">What was tried.</param>
/// <param name="Error">Why not.</param>
public sealed record RouteFailure(RouteChange Change, NetlinkException Error);

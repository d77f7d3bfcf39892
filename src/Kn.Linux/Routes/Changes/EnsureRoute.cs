using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Makes a route, or replaces the one of the same table, destination and metric.</summary>
/// <param name="Route">The route.</param>
public sealed record EnsureRoute(Route Route) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"add route {Route}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.EEXIST;

    internal override void Write(ref NetlinkWriter writer) => RouteMessages.WriteEnsure(ref writer, Route);
}

using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Removes a route that matches in all that is given.</summary>
/// <param name="Route">The route.</param>
public sealed record RemoveRoute(Route Route) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"remove route {Route}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.ESRCH or Errno.ENOENT or Errno.ENODEV;

    internal override void Write(ref NetlinkWriter writer) => RouteMessages.WriteRemove(ref writer, Route);
}

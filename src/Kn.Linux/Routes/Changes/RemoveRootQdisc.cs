using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Removes a link's root qdisc, so that the kernel's default takes its place.</summary>
/// <param name="LinkIndex">The link.</param>
public sealed record RemoveRootQdisc(int LinkIndex) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"remove the root qdisc of link #{LinkIndex}";

    /// <summary>The default cannot be removed: ENOENT since Linux 5.8, EINVAL before.</summary>
    internal override bool IsDoneAlready(Errno errno) => errno is Errno.ENOENT or Errno.EINVAL;

    internal override void Write(ref NetlinkWriter writer) => QdiscMessages.WriteRemoveRoot(ref writer, LinkIndex);
}

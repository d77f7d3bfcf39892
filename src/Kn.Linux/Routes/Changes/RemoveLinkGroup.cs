using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Removes every link of a group at once: the kernel waits for its readers (RCU) once for all of them, not once a link.</summary>
/// <param name="Group">The group; not 0, which every link is in by default.</param>
/// <remarks>RTM_DELLINK with IFLA_GROUP in place of an index: rtnl_group_dellink, net/core/rtnetlink.c. ENODEV when the group is empty.</remarks>
public sealed record RemoveLinkGroup(uint Group) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"remove links of group {Group}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.ENODEV;

    internal override void Write(ref NetlinkWriter writer) => LinkMessages.WriteRemoveGroup(ref writer, Group);
}

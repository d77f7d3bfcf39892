using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Removes a link, and a veth's other end with it.</summary>
/// <param name="Index">Which link.</param>
public sealed record RemoveLink(int Index) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"remove link #{Index}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.ENODEV;

    internal override void Write(ref NetlinkWriter writer) => LinkMessages.WriteRemove(ref writer, Index);
}

using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Gives a link an address.</summary>
/// <param name="LinkIndex">Which link.</param>
/// <param name="Address">The address.</param>
public sealed record EnsureAddress(int LinkIndex, LinkAddress Address) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"add address {Address} to link #{LinkIndex}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.EEXIST;

    internal override void Write(ref NetlinkWriter writer) => AddressMessages.WriteEnsure(ref writer, LinkIndex, Address);
}

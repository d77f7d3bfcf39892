using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Takes an address from a link.</summary>
/// <param name="LinkIndex">Which link.</param>
/// <param name="Address">The address.</param>
public sealed record RemoveAddress(int LinkIndex, LinkAddress Address) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"remove address {Address} from link #{LinkIndex}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.EADDRNOTAVAIL or Errno.ENODEV;

    internal override void Write(ref NetlinkWriter writer) => AddressMessages.WriteRemove(ref writer, LinkIndex, Address);
}

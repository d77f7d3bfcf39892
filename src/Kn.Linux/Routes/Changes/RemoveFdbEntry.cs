using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Removes an FDB entry.</summary>
/// <param name="Entry">The entry.</param>
public sealed record RemoveFdbEntry(FdbEntry Entry) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"remove FDB entry {Entry.Mac} from link #{Entry.LinkIndex}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.ENOENT or Errno.ENODEV;

    internal override void Write(ref NetlinkWriter writer) => NeighbourMessages.WriteRemove(ref writer, Entry);
}

using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Makes or replaces an FDB entry; adds a remote end where the Ethernet address may have several.</summary>
/// <param name="Entry">The entry.</param>
public sealed record EnsureFdbEntry(FdbEntry Entry) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"add FDB entry {Entry.Mac} to link #{Entry.LinkIndex}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.EEXIST;

    internal override void Write(ref NetlinkWriter writer) => NeighbourMessages.WriteEnsure(ref writer, Entry);
}

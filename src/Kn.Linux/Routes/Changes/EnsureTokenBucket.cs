using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Limits how fast packets leave a link, in the place of its present root qdisc.</summary>
/// <param name="LinkIndex">The link.</param>
/// <param name="Handle">The qdisc's number; the major part, in the high 16 bits, alone counts.</param>
/// <param name="Bucket">Rate and sizes.</param>
/// <remarks>ENOENT: the kernel has no tbf.</remarks>
public sealed record EnsureTokenBucket(int LinkIndex, uint Handle, TokenBucket Bucket) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"limit link #{LinkIndex} to {Bucket.BytesPerSecond} bytes a second (qdisc tbf)";

    internal override void Write(ref NetlinkWriter writer) => QdiscMessages.WriteEnsure(ref writer, LinkIndex, Handle, Bucket);
}

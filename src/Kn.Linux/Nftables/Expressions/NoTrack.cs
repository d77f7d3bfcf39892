using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Keeps conntrack away from the packet; in chains before priority -200 only.</summary>
/// <remarks>The kernel's expression has no attributes.</remarks>
public sealed record NoTrack : NftExpression
{
    internal override ReadOnlySpan<byte> KernelName => "notrack"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        // Nothing to say.
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) => attributes.Only() ? new NoTrack() : null;

    /// <inheritdoc/>
    public override string ToString() => "[ notrack ]";
}

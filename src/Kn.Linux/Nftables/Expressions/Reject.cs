using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Drops the packet and tells the sender.</summary>
/// <param name="Kind">How.</param>
/// <param name="Code">The ICMP code, of the family's own ICMP or abstract (<see cref="RejectKind.Icmpx"/>: 0 no route, 1 port, 2 host, 3 prohibited).</param>
/// <remarks>enum nft_reject_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record Reject(RejectKind Kind, byte Code) : NftExpression
{
    private const ushort NFTA_REJECT_TYPE = 1;
    private const ushort NFTA_REJECT_ICMP_CODE = 2;

    internal override ReadOnlySpan<byte> KernelName => "reject"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_REJECT_TYPE, (uint)Kind);
        writer.PutUInt8(NFTA_REJECT_ICMP_CODE, Code);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_REJECT_TYPE, NFTA_REJECT_ICMP_CODE)
            ? new Reject(
                (RejectKind)attributes.UInt32(NFTA_REJECT_TYPE),
                attributes.Has(NFTA_REJECT_ICMP_CODE) ? attributes.UInt8(NFTA_REJECT_ICMP_CODE) : (byte)0)
            : null;

    /// <inheritdoc/>
    public override string ToString() => $"[ reject type {(uint)Kind} code {Code} ]";
}

/// <summary>How <see cref="Reject"/> tells the sender.</summary>
/// <remarks>enum nft_reject_types.</remarks>
public enum RejectKind : uint
{
    /// <summary>ICMP or ICMPv6 unreachable with a code of that family.</summary>
    Icmp = 0,

    /// <summary>A TCP reset.</summary>
    TcpReset = 1,

    /// <summary>Unreachable with a code that fits both families.</summary>
    Icmpx = 2,
}

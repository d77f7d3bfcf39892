using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Counts packets and bytes.</summary>
/// <param name="Packets">Packets until now.</param>
/// <param name="Bytes">Bytes until now.</param>
/// <remarks>enum nft_counter_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record Counter(ulong Packets, ulong Bytes) : NftExpression
{
    private const ushort NFTA_COUNTER_BYTES = 1;
    private const ushort NFTA_COUNTER_PACKETS = 2;
    private const ushort NFTA_COUNTER_PAD = 3;

    /// <summary>A counter at zero.</summary>
    public Counter()
        : this(0, 0)
    {
    }

    internal override ReadOnlySpan<byte> KernelName => "counter"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        if (Packets != 0 || Bytes != 0)
        {
            writer.PutUInt64BigEndian(NFTA_COUNTER_BYTES, Bytes);
            writer.PutUInt64BigEndian(NFTA_COUNTER_PACKETS, Packets);
        }
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_COUNTER_BYTES, NFTA_COUNTER_PACKETS, NFTA_COUNTER_PAD)
            ? new Counter(attributes.UInt64(NFTA_COUNTER_PACKETS, 0), attributes.UInt64(NFTA_COUNTER_BYTES, 0))
            : null;

    internal override NftExpression AsDeclared() => new Counter();

    /// <inheritdoc/>
    public override string ToString() => $"[ counter pkts {Packets} bytes {Bytes} ]";
}

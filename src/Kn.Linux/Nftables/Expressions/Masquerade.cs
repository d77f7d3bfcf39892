using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Gives the connection the address of the interface that the packet leaves by, and accepts the packet.</summary>
/// <remarks>enum nft_masq_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record Masquerade : NftExpression
{
    private const ushort NFTA_MASQ_FLAGS = 1;
    private const ushort NFTA_MASQ_REG_PROTO_MIN = 2;
    private const ushort NFTA_MASQ_REG_PROTO_MAX = 3;

    /// <summary>How the port is chosen.</summary>
    public NatFlags Flags { get; init; }

    /// <summary>Register of the first port; null for any port.</summary>
    public NftRegister? Port { get; init; }

    /// <summary>Register of the last port; null for one port.</summary>
    public NftRegister? PortEnd { get; init; }

    internal override ReadOnlySpan<byte> KernelName => "masq"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        if (Flags != NatFlags.None)
        {
            writer.PutUInt32BigEndian(NFTA_MASQ_FLAGS, (uint)Flags);
        }

        DataCodec.WriteRegister(ref writer, NFTA_MASQ_REG_PROTO_MIN, Port);
        DataCodec.WriteRegister(ref writer, NFTA_MASQ_REG_PROTO_MAX, PortEnd);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes)
    {
        if (!attributes.Only(NFTA_MASQ_FLAGS, NFTA_MASQ_REG_PROTO_MIN, NFTA_MASQ_REG_PROTO_MAX))
        {
            return null;
        }

        var port = attributes.OptionalRegister(NFTA_MASQ_REG_PROTO_MIN);
        var portEnd = attributes.OptionalRegister(NFTA_MASQ_REG_PROTO_MAX);
        return new Masquerade
        {
            Flags = (NatFlags)(attributes.UInt32(NFTA_MASQ_FLAGS, 0) & ~NatFlagBits.Implied),
            Port = port,
            PortEnd = portEnd == port ? null : portEnd,
        };
    }

    /// <inheritdoc/>
    public override string ToString() =>
        "[ masq " + (Port is { } port ? $"proto_min reg {port} " : string.Empty)
        + (PortEnd is { } portEnd ? $"proto_max reg {portEnd} " : string.Empty)
        + (Flags == NatFlags.None ? string.Empty : $"flags 0x{(uint)Flags:x} ") + "]";
}

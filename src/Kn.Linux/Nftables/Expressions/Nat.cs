using System.Text;
using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Translates the source or destination of the connection and accepts the packet.</summary>
/// <param name="Kind">Source or destination.</param>
/// <param name="Family">The family of the address in the register: <see cref="NftFamily.Ip"/> or <see cref="NftFamily.Ip6"/>.</param>
/// <remarks>enum nft_nat_attributes, uapi/linux/netfilter/nf_tables.h. The kernel answers with the end of a range even where
/// it equals the start, and with the flags that only say which registers are there; both are left out here.</remarks>
public sealed record Nat(NatKind Kind, NftFamily Family) : NftExpression
{
    private const ushort NFTA_NAT_TYPE = 1;
    private const ushort NFTA_NAT_FAMILY = 2;
    private const ushort NFTA_NAT_REG_ADDR_MIN = 3;
    private const ushort NFTA_NAT_REG_ADDR_MAX = 4;
    private const ushort NFTA_NAT_REG_PROTO_MIN = 5;
    private const ushort NFTA_NAT_REG_PROTO_MAX = 6;
    private const ushort NFTA_NAT_FLAGS = 7;

    /// <summary>Register of the address, or of the first of a range; null to keep the address.</summary>
    public NftRegister? Address { get; init; }

    /// <summary>Register of the last address; null for one address.</summary>
    public NftRegister? AddressEnd { get; init; }

    /// <summary>Register of the port, or of the first of a range; null to keep the port where possible.</summary>
    public NftRegister? Port { get; init; }

    /// <summary>Register of the last port; null for one port.</summary>
    public NftRegister? PortEnd { get; init; }

    /// <summary>How the port is chosen.</summary>
    public NatFlags Flags { get; init; }

    internal override ReadOnlySpan<byte> KernelName => "nat"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_NAT_TYPE, (uint)Kind);
        writer.PutUInt32BigEndian(NFTA_NAT_FAMILY, (uint)Family);
        DataCodec.WriteRegister(ref writer, NFTA_NAT_REG_ADDR_MIN, Address);
        DataCodec.WriteRegister(ref writer, NFTA_NAT_REG_ADDR_MAX, AddressEnd);
        DataCodec.WriteRegister(ref writer, NFTA_NAT_REG_PROTO_MIN, Port);
        DataCodec.WriteRegister(ref writer, NFTA_NAT_REG_PROTO_MAX, PortEnd);
        if (Flags != NatFlags.None)
        {
            writer.PutUInt32BigEndian(NFTA_NAT_FLAGS, (uint)Flags);
        }
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes)
    {
        if (!attributes.Only(NFTA_NAT_TYPE, NFTA_NAT_FAMILY, NFTA_NAT_REG_ADDR_MIN, NFTA_NAT_REG_ADDR_MAX, NFTA_NAT_REG_PROTO_MIN, NFTA_NAT_REG_PROTO_MAX, NFTA_NAT_FLAGS))
        {
            return null;
        }

        var address = attributes.OptionalRegister(NFTA_NAT_REG_ADDR_MIN);
        var addressEnd = attributes.OptionalRegister(NFTA_NAT_REG_ADDR_MAX);
        var port = attributes.OptionalRegister(NFTA_NAT_REG_PROTO_MIN);
        var portEnd = attributes.OptionalRegister(NFTA_NAT_REG_PROTO_MAX);
        return new Nat((NatKind)attributes.UInt32(NFTA_NAT_TYPE), (NftFamily)attributes.UInt32(NFTA_NAT_FAMILY))
        {
            Address = address,
            AddressEnd = addressEnd == address ? null : addressEnd,
            Port = port,
            PortEnd = portEnd == port ? null : portEnd,
            Flags = (NatFlags)(attributes.UInt32(NFTA_NAT_FLAGS, 0) & ~NatFlagBits.Implied),
        };
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder($"[ nat {(Kind == NatKind.Source ? "snat" : "dnat")} {NftNames.Of(Family)} ");
        text.Append(Address is { } address ? $"addr_min reg {address} " : string.Empty);
        text.Append(AddressEnd is { } addressEnd ? $"addr_max reg {addressEnd} " : string.Empty);
        text.Append(Port is { } port ? $"proto_min reg {port} " : string.Empty);
        text.Append(PortEnd is { } portEnd ? $"proto_max reg {portEnd} " : string.Empty);
        text.Append(Flags == NatFlags.None ? string.Empty : $"flags 0x{(uint)Flags:x} ");
        return text.Append(']').ToString();
    }
}

/// <summary>Which side <see cref="Nat"/> translates.</summary>
/// <remarks>enum nft_nat_types.</remarks>
public enum NatKind : uint
{
    /// <summary>Source.</summary>
    Source = 0,

    /// <summary>Destination.</summary>
    Destination = 1,
}

/// <summary>How translation chooses ports and addresses.</summary>
/// <remarks>NF_NAT_RANGE_*, uapi/linux/netfilter/nf_nat.h.</remarks>
[Flags]
public enum NatFlags : uint
{
    /// <summary>Keep the port where it is free.</summary>
    None = 0,

    /// <summary>NF_NAT_RANGE_PROTO_RANDOM: a random start.</summary>
    Random = 1 << 2,

    /// <summary>NF_NAT_RANGE_PERSISTENT: the same address for the same client.</summary>
    Persistent = 1 << 3,

    /// <summary>NF_NAT_RANGE_PROTO_RANDOM_FULLY: a random port for every connection; two connections rarely meet in the same one.</summary>
    FullyRandom = 1 << 4,
}

/// <summary>Flags that follow from the registers.</summary>
internal static class NatFlagBits
{
    private const uint NF_NAT_RANGE_MAP_IPS = 1 << 0;
    private const uint NF_NAT_RANGE_PROTO_SPECIFIED = 1 << 1;

    internal const uint Implied = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED;
}

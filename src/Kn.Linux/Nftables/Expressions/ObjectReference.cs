using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Uses a named stateful object: a counter, a quota, a limit.</summary>
/// <param name="ObjectKind">NFT_OBJECT_*: 1 for a counter.</param>
/// <param name="Name">The object's name.</param>
/// <remarks>enum nft_objref_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record ObjectReference(uint ObjectKind, string Name) : NftExpression
{
    private const ushort NFTA_OBJREF_IMM_TYPE = 1;
    private const ushort NFTA_OBJREF_IMM_NAME = 2;

    internal override ReadOnlySpan<byte> KernelName => "objref"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_OBJREF_IMM_TYPE, ObjectKind);
        writer.PutString(NFTA_OBJREF_IMM_NAME, Name);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_OBJREF_IMM_TYPE, NFTA_OBJREF_IMM_NAME)
            ? new ObjectReference(attributes.UInt32(NFTA_OBJREF_IMM_TYPE), attributes.Text(NFTA_OBJREF_IMM_NAME))
            : null;

    /// <inheritdoc/>
    public override string ToString() => $"[ objref type {ObjectKind} name {Name} ]";
}

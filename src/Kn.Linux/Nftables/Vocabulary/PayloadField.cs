using Kn.Linux.Nftables.Expressions;

namespace Kn.Linux.Nftables;

/// <summary>A field of a header.</summary>
/// <param name="Protocol">nft's number of the header, for user data.</param>
/// <param name="FieldNumber">nft's number of the field in that header, for user data.</param>
/// <param name="Base">The header that offsets count from.</param>
/// <param name="OffsetBytes">Where the field starts.</param>
/// <param name="Type">What it is.</param>
/// <param name="Text">As nft writes it.</param>
internal sealed record PayloadField(
    PayloadProtocol Protocol, uint FieldNumber, PayloadHeader Base, uint OffsetBytes, NftDataType Type, string Text) : Field(Type)
{
    private const byte UDATA_PAYLOAD_DESC = 0;
    private const byte UDATA_PAYLOAD_TYPE = 1;

    public override string Text { get; } = Text;

    internal override uint TypeofKind => TypeofKinds.Payload;

    internal override void WriteTypeof(ref UserDataWriter writer)
    {
        writer.PutUInt32(UDATA_PAYLOAD_DESC, (uint)Protocol);
        writer.PutUInt32(UDATA_PAYLOAD_TYPE, FieldNumber);
    }

    internal override void Load(RuleCompiler compiler, NftRegister destination, int scratchWord) =>
        compiler.Add(new PayloadLoad(Base, OffsetBytes, (uint)Type.LengthBytes, destination));
}

/// <summary>nft's numbers of headers in user data (enum proto_desc_id of nft).</summary>
internal enum PayloadProtocol : uint
{
    Icmp = 4,
    Udp = 6,
    Tcp = 8,
    Transport = 11,
    Ip = 12,
    Ip6 = 13,
    Icmpv6 = 14,
}

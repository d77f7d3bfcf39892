using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Tables in netlink.</summary>
/// <remarks>enum nft_table_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
internal static class TableCodec
{
    private const ushort NFTA_TABLE_NAME = 1;
    private const ushort NFTA_TABLE_FLAGS = 2;
    private const ushort NFTA_TABLE_USE = 3;
    private const ushort NFTA_TABLE_HANDLE = 4;
    private const ushort NFTA_TABLE_PAD = 5;
    private const ushort NFTA_TABLE_USERDATA = 6;
    private const ushort NFTA_TABLE_OWNER = 7;

    internal static void Write(ref NetlinkWriter writer, NftTable table, bool withContent)
    {
        writer.PutString(NFTA_TABLE_NAME, table.Name);
        if (withContent)
        {
            writer.PutUInt32BigEndian(NFTA_TABLE_FLAGS, (uint)table.Flags);
            UserDataCodec.PutComment(ref writer, NFTA_TABLE_USERDATA, table.Comment);
        }
    }

    internal static NftTable Read(in NetlinkMessage message)
    {
        var table = new NftTable((NftFamily)message.FixedHeader(NftMessages.GenericHeaderBytes)[0], string.Empty);
        var unknown = new List<UnknownAttribute>();
        var reader = message.Attributes(NftMessages.GenericHeaderBytes);
        while (reader.MoveNext())
        {
            switch (reader.Type)
            {
                case NFTA_TABLE_NAME:
                    table = table with { Name = reader.ReadString() };
                    break;
                case NFTA_TABLE_FLAGS:
                    table = table with { Flags = (NftTableFlags)reader.ReadUInt32BigEndian() };
                    break;
                case NFTA_TABLE_HANDLE:
                    table = table with { Handle = reader.ReadUInt64BigEndian() };
                    break;
                case NFTA_TABLE_USERDATA:
                    table = table with { Comment = UserDataCodec.ReadComment(reader.Value, reader.Type, unknown) };
                    break;
                case NFTA_TABLE_USE or NFTA_TABLE_PAD or NFTA_TABLE_OWNER:
                    break;
                default:
                    unknown.Add(new UnknownAttribute(reader.Type, NftValue.Of(reader.Value)));
                    break;
            }
        }

        return table with { Unknown = unknown.ToValueList() };
    }
}

using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Sets and maps in netlink, without their elements.</summary>
/// <remarks>enum nft_set_attributes and nft_set_desc_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
internal static class SetCodec
{
    private const ushort NFTA_SET_TABLE = 1;
    private const ushort NFTA_SET_NAME = 2;
    private const ushort NFTA_SET_FLAGS = 3;
    private const ushort NFTA_SET_KEY_TYPE = 4;
    private const ushort NFTA_SET_KEY_LEN = 5;
    private const ushort NFTA_SET_DATA_TYPE = 6;
    private const ushort NFTA_SET_DATA_LEN = 7;
    private const ushort NFTA_SET_POLICY = 8;
    private const ushort NFTA_SET_DESC = 9;
    private const ushort NFTA_SET_ID = 10;
    private const ushort NFTA_SET_TIMEOUT = 11;
    private const ushort NFTA_SET_GC_INTERVAL = 12;
    private const ushort NFTA_SET_USERDATA = 13;
    private const ushort NFTA_SET_PAD = 14;
    private const ushort NFTA_SET_HANDLE = 16;
    private const ushort NFTA_SET_EXPR = 17;
    private const ushort NFTA_SET_EXPRESSIONS = 18;
    private const ushort NFTA_SET_DESC_SIZE = 1;
    private const ushort NFTA_SET_DESC_CONCAT = 2;
    private const ushort NFTA_LIST_ELEM = 1;
    private const ushort NFTA_SET_FIELD_LEN = 1;
    private const uint NFT_SET_MAP = 0x8;
    private const uint NFT_SET_CONCAT = 0x80;
    private const uint NFT_DATA_VERDICT = 0xFFFFFF00;

    // The kernel knows the size of a verdict; nft says 0 here.
    private const uint VerdictBytes = 0;

    internal static void Write(ref NetlinkWriter writer, NftTableId table, NftSet set, uint id)
    {
        writer.PutString(NFTA_SET_TABLE, table.Name);
        writer.PutString(NFTA_SET_NAME, set.Name);
        writer.PutUInt32BigEndian(NFTA_SET_FLAGS, FlagsOf(set));
        writer.PutUInt32BigEndian(NFTA_SET_KEY_TYPE, set.Key.TypeId);
        writer.PutUInt32BigEndian(NFTA_SET_KEY_LEN, (uint)set.Key.LengthBytes);
        if (set is NftMap map)
        {
            writer.PutUInt32BigEndian(NFTA_SET_DATA_TYPE, map.Data?.TypeId ?? NFT_DATA_VERDICT);
            writer.PutUInt32BigEndian(NFTA_SET_DATA_LEN, (uint?)map.Data?.LengthBytes ?? VerdictBytes);
        }

        if (set.Policy != NftSetPolicy.Performance)
        {
            writer.PutUInt32BigEndian(NFTA_SET_POLICY, (uint)set.Policy);
        }

        // The kernel wants a number for each new set of a transaction, even where everybody goes by name.
        writer.PutUInt32BigEndian(NFTA_SET_ID, id);
        PutTime(ref writer, NFTA_SET_TIMEOUT, set.Timeout);
        if (set.GcInterval > TimeSpan.Zero)
        {
            writer.PutUInt32BigEndian(NFTA_SET_GC_INTERVAL, (uint)set.GcInterval.TotalMilliseconds);
        }

        PutUserData(ref writer, set);
        WriteDescription(ref writer, set);
        ExpressionCodec.WriteOneOrMany(ref writer, NFTA_SET_EXPR, NFTA_SET_EXPRESSIONS, set.Expressions);
    }

    internal static void WriteName(ref NetlinkWriter writer, NftTableId table, string set)
    {
        writer.PutString(NFTA_SET_TABLE, table.Name);
        writer.PutString(NFTA_SET_NAME, set);
    }

    /// <summary>A set and the name of its table; null for what the model cannot hold, such as a map of objects without a key length.</summary>
    internal static (NftTableId Table, NftSet Set) Read(in NetlinkMessage message)
    {
        var state = new SetState();
        var reader = message.Attributes(NftMessages.GenericHeaderBytes);
        while (reader.MoveNext())
        {
            switch (reader.Type)
            {
                case NFTA_SET_TABLE: state.Table = reader.ReadString(); break;
                case NFTA_SET_NAME: state.Name = reader.ReadString(); break;
                case NFTA_SET_FLAGS: state.Flags = reader.ReadUInt32BigEndian(); break;
                case NFTA_SET_KEY_TYPE: state.KeyType = reader.ReadUInt32BigEndian(); break;
                case NFTA_SET_KEY_LEN: state.KeyLength = reader.ReadUInt32BigEndian(); break;
                case NFTA_SET_DATA_TYPE: state.DataType = reader.ReadUInt32BigEndian(); break;
                case NFTA_SET_DATA_LEN: state.DataLength = reader.ReadUInt32BigEndian(); break;
                case NFTA_SET_POLICY: state.Policy = (NftSetPolicy)reader.ReadUInt32BigEndian(); break;
                case NFTA_SET_DESC: ReadDescription(reader.Nested(), state); break;
                case NFTA_SET_TIMEOUT: state.Timeout = NftTime.FromMilliseconds(reader.ReadUInt64BigEndian()); break;
                case NFTA_SET_GC_INTERVAL: state.GcInterval = NftTime.FromMilliseconds(reader.ReadUInt32BigEndian()); break;
                case NFTA_SET_USERDATA: state.UserData = reader.Value.ToArray(); break;
                case NFTA_SET_HANDLE: state.Handle = reader.ReadUInt64BigEndian(); break;
                case NFTA_SET_EXPR: state.Expressions = [ExpressionCodec.Read(reader.Value)]; break;
                case NFTA_SET_EXPRESSIONS: state.Expressions = ExpressionCodec.ReadList(reader.Value); break;
                case NFTA_SET_ID or NFTA_SET_PAD: break;
                default: state.Unknown.Add(new UnknownAttribute(reader.Type, NftValue.Of(reader.Value))); break;
            }
        }

        var family = (NftFamily)message.FixedHeader(NftMessages.GenericHeaderBytes)[0];
        return (new NftTableId(family, state.Table), state.Finish(NFTA_SET_USERDATA));
    }

    private static uint FlagsOf(NftSet set)
    {
        var flags = (uint)set.Flags;
        flags |= set is NftMap ? NFT_SET_MAP : 0;
        flags |= set.Key.IsConcatenation && set.Flags.HasFlag(NftSetFlags.Interval) ? NFT_SET_CONCAT : 0;
        return flags | (set.Expressions.IsEmpty ? 0 : (uint)NftSetFlags.Expressions);
    }

    private static void PutTime(ref NetlinkWriter writer, ushort type, TimeSpan time)
    {
        if (time > TimeSpan.Zero)
        {
            writer.PutUInt64BigEndian(type, (ulong)time.TotalMilliseconds);
        }
    }

    private static void PutUserData(ref NetlinkWriter writer, NftSet set)
    {
        var data = new UserDataWriter(stackalloc byte[UserDataWriter.MaxBytes]);
        SetUserDataCodec.Write(ref data, set);
        writer.PutBytes(NFTA_SET_USERDATA, data.Written);
    }

    private static void WriteDescription(ref NetlinkWriter writer, NftSet set)
    {
        var describeFields = set.Key.IsConcatenation && set.Flags.HasFlag(NftSetFlags.Interval);
        if (set.MaxElements == 0 && !describeFields)
        {
            return;
        }

        var description = writer.BeginNest(NFTA_SET_DESC);
        if (set.MaxElements != 0)
        {
            writer.PutUInt32BigEndian(NFTA_SET_DESC_SIZE, set.MaxElements);
        }

        if (describeFields)
        {
            var fields = writer.BeginNest(NFTA_SET_DESC_CONCAT);
            foreach (var field in set.Key.Fields)
            {
                var element = writer.BeginNest(NFTA_LIST_ELEM);
                writer.PutUInt32BigEndian(NFTA_SET_FIELD_LEN, (uint)field.Type.LengthBytes);
                writer.EndNest(element);
            }

            writer.EndNest(fields);
        }

        writer.EndNest(description);
    }

    private static void ReadDescription(AttributeReader reader, SetState state)
    {
        while (reader.MoveNext())
        {
            switch (reader.Type)
            {
                case NFTA_SET_DESC_SIZE:
                    state.MaxElements = reader.ReadUInt32BigEndian();
                    break;
                case NFTA_SET_DESC_CONCAT:
                    state.FieldLengths = ReadFieldLengths(reader.Nested());
                    break;
                default:
                    throw new WireFormatException($"nftables set description: unknown attribute {reader.Type}");
            }
        }
    }

    private static List<int> ReadFieldLengths(AttributeReader reader)
    {
        var lengths = new List<int>();
        while (reader.MoveNext())
        {
            var field = reader.Nested();
            while (field.MoveNext())
            {
                if (field.Type == NFTA_SET_FIELD_LEN && field.ReadUInt32BigEndian() is > 0 and <= NftValueWriter.MaxBytes and var length)
                {
                    lengths.Add((int)length);
                }
                else
                {
                    throw new WireFormatException($"nftables set field: attribute {field.Type}");
                }
            }
        }

        return lengths;
    }
}

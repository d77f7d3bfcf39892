using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Elements in netlink.</summary>
/// <remarks>enum nft_set_elem_attributes, uapi/linux/netfilter/nf_tables.h. A plain set of intervals holds each range as two
/// elements: its start, and, flagged, the key behind its end; none where the range reaches the last key of all.</remarks>
internal static class ElementCodec
{
    internal const ushort NFTA_SET_ELEM_LIST_TABLE = 1;
    internal const ushort NFTA_SET_ELEM_LIST_SET = 2;
    internal const ushort NFTA_SET_ELEM_LIST_ELEMENTS = 3;
    internal const ushort NFTA_LIST_ELEM = 1;
    private const ushort NFTA_SET_ELEM_KEY = 1;
    private const ushort NFTA_SET_ELEM_DATA = 2;
    private const ushort NFTA_SET_ELEM_FLAGS = 3;
    private const ushort NFTA_SET_ELEM_TIMEOUT = 4;
    private const ushort NFTA_SET_ELEM_EXPIRATION = 5;
    private const ushort NFTA_SET_ELEM_USERDATA = 6;
    private const ushort NFTA_SET_ELEM_EXPR = 7;
    private const ushort NFTA_SET_ELEM_PAD = 8;
    private const ushort NFTA_SET_ELEM_KEY_END = 10;
    private const ushort NFTA_SET_ELEM_EXPRESSIONS = 11;
    private const uint NFT_SET_ELEM_INTERVAL_END = 1;
    private const uint NFT_SET_ELEM_CATCHALL = 2;

    /// <summary>Writes one element of the model: one element of the kernel, or two in a plain set of intervals.</summary>
    /// <returns>How many list entries were written.</returns>
    internal static int Write(ref NetlinkWriter writer, NftSet set, NftElement element, bool withContent)
    {
        var entry = writer.BeginNest(NFTA_LIST_ELEM);
        if (element.IsCatchAll)
        {
            writer.PutUInt32BigEndian(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_CATCHALL);
        }
        else
        {
            DataCodec.Write(ref writer, NFTA_SET_ELEM_KEY, element.Key.Bytes);
        }

        if (!element.IsPlain && !set.HoldsStartsAndEnds && !element.KeyEnd.IsEmpty)
        {
            DataCodec.Write(ref writer, NFTA_SET_ELEM_KEY_END, element.KeyEnd.Bytes);
        }

        if (withContent)
        {
            WriteContent(ref writer, element);
        }

        writer.EndNest(entry);
        return set.HoldsStartsAndEnds && !element.IsCatchAll ? 1 + WriteEnd(ref writer, element) : 1;
    }

    /// <summary>Reads the elements of one message of a dump.</summary>
    internal static void Read(in NetlinkMessage message, List<RawElement> elements)
    {
        var reader = message.Attributes(NftMessages.GenericHeaderBytes);
        while (reader.MoveNext())
        {
            if (reader.Type == NFTA_SET_ELEM_LIST_ELEMENTS)
            {
                var list = reader.Nested();
                while (list.MoveNext())
                {
                    elements.Add(ReadOne(list.Nested()));
                }
            }
        }
    }

    /// <summary>Puts starts and ends of a plain set of intervals together; other sets keep their elements as they are.</summary>
    internal static ValueList<NftElement> Combine(NftSet set, List<RawElement> raw)
    {
        if (!set.HoldsStartsAndEnds)
        {
            return raw.Select(static item => item.Element).ToValueList();
        }

        var result = new List<NftElement>();
        NftElement? open = null;
        foreach (var (element, isEnd) in raw.OrderBy(static item => item.Element.Key).ThenByDescending(static item => item.IsEnd))
        {
            if (element.IsCatchAll)
            {
                result.Add(element);
                continue;
            }

            if (open is not null)
            {
                result.Add(Close(open, Before(element.Key)));
            }

            open = isEnd ? null : element;
        }

        if (open is not null)
        {
            result.Add(Close(open, NftValue.Of(Ones(open.Key.Length))));
        }

        return result.ToValueList();
    }

    /// <summary>The highest key of a length.</summary>
    private static byte[] Ones(int length)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill(byte.MaxValue);
        return bytes;
    }

    private static void WriteContent(ref NetlinkWriter writer, NftElement element)
    {
        if (element.Verdict is { } verdict)
        {
            DataCodec.Write(ref writer, NFTA_SET_ELEM_DATA, verdict);
        }
        else if (!element.Data.IsEmpty)
        {
            DataCodec.Write(ref writer, NFTA_SET_ELEM_DATA, element.Data.Bytes);
        }

        if (element.IsPlain)
        {
            return;
        }

        PutTime(ref writer, NFTA_SET_ELEM_TIMEOUT, element.Timeout);
        PutTime(ref writer, NFTA_SET_ELEM_EXPIRATION, element.Expiration);
        UserDataCodec.PutComment(ref writer, NFTA_SET_ELEM_USERDATA, element.Comment);
        ExpressionCodec.WriteOneOrMany(ref writer, NFTA_SET_ELEM_EXPR, NFTA_SET_ELEM_EXPRESSIONS, element.Expressions);
    }

    private static void PutTime(ref NetlinkWriter writer, ushort type, TimeSpan time)
    {
        if (time > TimeSpan.Zero)
        {
            writer.PutUInt64BigEndian(type, (ulong)time.TotalMilliseconds);
        }
    }

    private static int WriteEnd(ref NetlinkWriter writer, NftElement element)
    {
        Span<byte> end = stackalloc byte[NftValueWriter.MaxBytes];
        var last = element.KeyEnd.IsEmpty ? element.Key : element.KeyEnd;
        end = end[..last.Length];
        last.Bytes.CopyTo(end);
        if (!TryIncrement(end))
        {
            return 0;
        }

        var entry = writer.BeginNest(NFTA_LIST_ELEM);
        DataCodec.Write(ref writer, NFTA_SET_ELEM_KEY, end);
        writer.PutUInt32BigEndian(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
        writer.EndNest(entry);
        return 1;
    }

    private static bool TryIncrement(Span<byte> number)
    {
        for (var i = number.Length - 1; i >= 0; i--)
        {
            if (++number[i] != 0)
            {
                return true;
            }
        }

        return false;
    }

    private static NftValue Before(NftValue key)
    {
        var bytes = key.Bytes.ToArray();
        for (var i = bytes.Length - 1; i >= 0 && bytes[i]-- == 0; i--)
        {
            // The loop's condition borrows from the byte before.
        }

        return NftValue.Of(bytes);
    }

    private static NftElement Close(NftElement start, NftValue last) => last == start.Key ? start : start with { KeyEnd = last };

    private static RawElement ReadOne(AttributeReader reader)
    {
        var element = new NftElement(default(NftValue));
        var isEnd = false;
        List<UnknownAttribute>? unknown = null;
        while (reader.MoveNext())
        {
            switch (reader.Type)
            {
                case NFTA_SET_ELEM_KEY:
                    element = element with { Key = DataCodec.ReadValue(reader.Value) };
                    break;
                case NFTA_SET_ELEM_KEY_END:
                    element = element with { KeyEnd = DataCodec.ReadValue(reader.Value) };
                    break;
                case NFTA_SET_ELEM_DATA:
                    var (data, verdict) = DataCodec.Read(reader.Value);
                    element = element with { Data = data, Verdict = verdict };
                    break;
                case NFTA_SET_ELEM_FLAGS:
                    var flags = reader.ReadUInt32BigEndian();
                    isEnd = (flags & NFT_SET_ELEM_INTERVAL_END) != 0;
                    element = (flags & NFT_SET_ELEM_CATCHALL) != 0 ? element with { IsCatchAll = true } : element;
                    break;
                case NFTA_SET_ELEM_TIMEOUT:
                    element = element with { Timeout = NftTime.FromMilliseconds(reader.ReadUInt64BigEndian()) };
                    break;
                case NFTA_SET_ELEM_EXPIRATION:
                    element = element with { Expiration = NftTime.FromMilliseconds(reader.ReadUInt64BigEndian()) };
                    break;
                case NFTA_SET_ELEM_USERDATA:
                    element = element with { Comment = UserDataCodec.ReadComment(reader.Value, reader.Type, unknown ??= []) };
                    break;
                case NFTA_SET_ELEM_EXPR:
                    element = element with { Expressions = [ExpressionCodec.Read(reader.Value)] };
                    break;
                case NFTA_SET_ELEM_EXPRESSIONS:
                    element = element with { Expressions = ExpressionCodec.ReadList(reader.Value) };
                    break;
                case NFTA_SET_ELEM_PAD:
                    break;
                default:
                    (unknown ??= []).Add(new UnknownAttribute(reader.Type, NftValue.Of(reader.Value)));
                    break;
            }
        }

        return new RawElement(unknown is { Count: > 0 } ? element with { Unknown = unknown.ToValueList() } : element, isEnd);
    }
}

/// <summary>An element as the kernel has it: in a plain set of intervals the start of a range, or the key behind its end.</summary>
internal readonly record struct RawElement(NftElement Element, bool IsEnd);

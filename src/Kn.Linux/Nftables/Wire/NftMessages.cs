using System.Buffers.Binary;
using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables;

/// <summary>Message types and headers of nfnetlink's nftables subsystem.</summary>
/// <remarks>enum nf_tables_msg_types, uapi/linux/netfilter/nf_tables.h; struct nfgenmsg, uapi/linux/netfilter/nfnetlink.h:
/// <code>
/// family u8 | version u8 = 0 | resource id u16 big-endian
/// </code></remarks>
internal static class NftMessages
{
    internal const ushort NFT_MSG_NEWTABLE = 0;
    internal const ushort NFT_MSG_GETTABLE = 1;
    internal const ushort NFT_MSG_DELTABLE = 2;
    internal const ushort NFT_MSG_NEWCHAIN = 3;
    internal const ushort NFT_MSG_GETCHAIN = 4;
    internal const ushort NFT_MSG_DELCHAIN = 5;
    internal const ushort NFT_MSG_NEWRULE = 6;
    internal const ushort NFT_MSG_GETRULE = 7;
    internal const ushort NFT_MSG_DELRULE = 8;
    internal const ushort NFT_MSG_NEWSET = 9;
    internal const ushort NFT_MSG_GETSET = 10;
    internal const ushort NFT_MSG_DELSET = 11;
    internal const ushort NFT_MSG_NEWSETELEM = 12;
    internal const ushort NFT_MSG_GETSETELEM = 13;
    internal const ushort NFT_MSG_DELSETELEM = 14;
    internal const ushort NFT_MSG_NEWGEN = 15;
    internal const ushort NFT_MSG_GETGEN = 16;
    internal const ushort NFT_MSG_DESTROYTABLE = 26;
    internal const ushort NFT_MSG_DESTROYCHAIN = 27;
    internal const ushort NFT_MSG_DESTROYRULE = 28;
    internal const ushort NFT_MSG_DESTROYSET = 29;
    internal const ushort NFT_MSG_DESTROYSETELEM = 30;

    /// <summary>Bytes of struct nfgenmsg.</summary>
    internal const int GenericHeaderBytes = 4;

    private const ushort NFNL_SUBSYS_NFTABLES = 10;
    private const ushort NFNL_MSG_BATCH_BEGIN = 0x10;
    private const ushort NFNL_MSG_BATCH_END = 0x11;
    private const ushort NFNL_BATCH_GENID = 1;

    /// <summary>The message number of a received type, or null where another subsystem sent it.</summary>
    internal static ushort? NumberOf(ushort type) => type >> 8 == NFNL_SUBSYS_NFTABLES ? (ushort)(type & 0xFF) : null;

    /// <summary>Begins a message of nftables.</summary>
    internal static MessageToken Begin(ref NetlinkWriter writer, ushort number, NetlinkFlags flags, NftFamily family)
    {
        var message = writer.BeginMessage((ushort)((NFNL_SUBSYS_NFTABLES << 8) | number), NetlinkFlags.Request | flags);
        writer.Append(GenericHeaderBytes)[0] = (byte)family;
        return message;
    }

    /// <summary>The message that opens a transaction; the kernel answers ERESTART when the generation is another one.</summary>
    internal static void PutBatchBegin(ref NetlinkWriter writer, uint? expectedGeneration)
    {
        var message = PutBatchMark(ref writer, NFNL_MSG_BATCH_BEGIN);
        if (expectedGeneration is { } generation)
        {
            writer.PutUInt32BigEndian(NFNL_BATCH_GENID, generation);
        }

        writer.EndMessage(message);
    }

    /// <summary>The message that commits a transaction.</summary>
    internal static void PutBatchEnd(ref NetlinkWriter writer) => writer.EndMessage(PutBatchMark(ref writer, NFNL_MSG_BATCH_END));

    private static MessageToken PutBatchMark(ref NetlinkWriter writer, ushort type)
    {
        var message = writer.BeginMessage(type, NetlinkFlags.Request);
        BinaryPrimitives.WriteUInt16BigEndian(writer.Append(GenericHeaderBytes)[2..], NFNL_SUBSYS_NFTABLES);
        return message;
    }
}

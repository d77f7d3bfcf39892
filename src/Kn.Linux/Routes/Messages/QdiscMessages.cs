using System.Buffers.Binary;
using Kn.Linux.Netlink;
using Kn.Primitives;
using static Kn.Linux.Routes.Messages.RtnetlinkMessage;

namespace Kn.Linux.Routes.Messages;

/// <summary>Qdisc messages to bytes and back.</summary>
/// <remarks>struct tcmsg, uapi/linux/rtnetlink.h:
/// <code>family u8 | pad u8 | pad u16 | link index i32 | handle u32 | parent u32 | info u32 | attributes</code>
/// TCA_TBF_PARMS, struct tc_tbf_qopt, uapi/linux/pkt_sched.h:
/// <code>
/// rate      cell log u8 | link layer u8 | overhead u16 | cell align i16 | minimum u16 | bytes a second u32
/// peak rate likewise, zeros
/// limit u32 | bucket u32 | peak bucket u32
/// </code>
/// Buckets are times: 64 ns a tick (PSCHED_SHIFT, include/net/pkt_sched.h; the first two numbers of /proc/net/psched). TCA_TBF_BURST
/// has the bucket in bytes, but the kernel tells it in ticks only.</remarks>
internal static class QdiscMessages
{
    internal const int HeaderBytes = 20;

    private const ushort TCA_KIND = 1;
    private const ushort TCA_OPTIONS = 2;
    private const ushort TCA_TBF_PARMS = 1;
    private const ushort TCA_TBF_RATE64 = 4;
    private const ushort TCA_TBF_BURST = 6;
    private const int RateBytes = 12;
    private const int ParametersBytes = (2 * RateBytes) + 12;
    private const int RateOffset = 8;
    private const int LimitOffset = 2 * RateBytes;
    private const int BucketOffset = LimitOffset + 4;
    private const byte TC_LINKLAYER_ETHERNET = 1;
    private const double TicksPerSecond = 1e9 / 64;
    private const string TokenBucketKind = "tbf";

    /// <summary>Makes it the link's root, in the place of another.</summary>
    internal static void WriteEnsure(ref NetlinkWriter writer, int linkIndex, uint handle, TokenBucket bucket)
    {
        var message = writer.BeginMessage(RTM_NEWQDISC, NetlinkFlags.Request | NetlinkFlags.Create | NetlinkFlags.Replace);
        WriteHeader(ref writer, linkIndex, handle, Qdisc.Root);
        writer.PutString(TCA_KIND, TokenBucketKind);
        var options = writer.BeginAttribute(TCA_OPTIONS);
        WriteParameters(ref writer, bucket);
        if (bucket.BytesPerSecond > uint.MaxValue)
        {
            writer.PutUInt64(TCA_TBF_RATE64, bucket.BytesPerSecond);
        }

        writer.PutUInt32(TCA_TBF_BURST, bucket.BurstBytes);
        writer.EndNest(options);
        writer.EndMessage(message);
    }

    internal static void WriteRemoveRoot(ref NetlinkWriter writer, int linkIndex)
    {
        var message = writer.BeginMessage(RTM_DELQDISC, NetlinkFlags.Request);
        WriteHeader(ref writer, linkIndex, 0, Qdisc.Root);
        writer.EndMessage(message);
    }

    /// <summary>All qdiscs of a link, or of all links.</summary>
    internal static void WriteDump(ref NetlinkWriter writer, int? linkIndex)
    {
        var message = writer.BeginMessage(RTM_GETQDISC, NetlinkFlags.Request | NetlinkFlags.Dump);
        WriteHeader(ref writer, linkIndex ?? 0, 0, 0);
        writer.EndMessage(message);
    }

    internal static void Read(in NetlinkMessage message, List<Qdisc> results)
    {
        var header = message.FixedHeader(HeaderBytes);
        if (message.Type is not (RTM_NEWQDISC or RTM_DELQDISC))
        {
            return;
        }

        var kind = "";
        TokenBucket? bucket = null;
        var attributes = message.Attributes(HeaderBytes);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case TCA_KIND:
                    kind = attributes.ReadString();
                    break;
                // The kernel writes the kind before the options, tc_fill_qdisc().
                case TCA_OPTIONS when kind == TokenBucketKind:
                    bucket = ReadTokenBucket(attributes.Nested());
                    break;
            }
        }

        results.Add(new Qdisc(
            BinaryPrimitives.ReadInt32LittleEndian(header[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(header[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(header[12..]),
            kind,
            bucket));
    }

    private static void WriteHeader(ref NetlinkWriter writer, int linkIndex, uint handle, uint parent)
    {
        var header = writer.Append(HeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], linkIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], handle);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], parent);
    }

    private static void WriteParameters(ref NetlinkWriter writer, TokenBucket bucket)
    {
        Span<byte> parameters = stackalloc byte[ParametersBytes];
        parameters.Clear();

        // A stated link layer spares the kernel the table of transmission times that old tc versions send.
        parameters[1] = TC_LINKLAYER_ETHERNET;
        BinaryPrimitives.WriteUInt32LittleEndian(parameters[RateOffset..], (uint)Math.Min(bucket.BytesPerSecond, uint.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(parameters[LimitOffset..], bucket.LimitBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(parameters[BucketOffset..], (uint)Math.Min(bucket.BurstBytes * TicksPerSecond / bucket.BytesPerSecond, uint.MaxValue));
        writer.PutBytes(TCA_TBF_PARMS, parameters);
    }

    private static TokenBucket ReadTokenBucket(AttributeReader options)
    {
        ulong rate = 0, bigRate = 0;
        uint limit = 0, ticks = 0;
        while (options.MoveNext())
        {
            switch (options.Type)
            {
                case TCA_TBF_PARMS when options.Value.Length >= ParametersBytes:
                    rate = BinaryPrimitives.ReadUInt32LittleEndian(options.Value[RateOffset..]);
                    limit = BinaryPrimitives.ReadUInt32LittleEndian(options.Value[LimitOffset..]);
                    ticks = BinaryPrimitives.ReadUInt32LittleEndian(options.Value[BucketOffset..]);
                    break;
                case TCA_TBF_PARMS:
                    throw new WireFormatException($"TCA_TBF_PARMS of {options.Value.Length} bytes");
                case TCA_TBF_RATE64:
                    bigRate = options.ReadUInt64();
                    break;
            }
        }

        rate = bigRate == 0 ? rate : bigRate;
        return new TokenBucket(rate, (uint)Math.Min(Math.Round(ticks / TicksPerSecond * rate), uint.MaxValue), limit);
    }
}

using System.Buffers.Binary;
using Kn.Linux.Netlink;
using static Kn.Linux.Routes.Messages.RtnetlinkMessage;

namespace Kn.Linux.Routes.Messages;

/// <summary>Messages of BPF filters, and of the qdisc clsact that they hang on.</summary>
/// <remarks>struct tcmsg as in <see cref="QdiscMessages"/>; in a filter's, info has the priority in its upper half and the protocol of the packets, in
/// network order, in its lower one. TCA_BPF_*, uapi/linux/pkt_cls.h.</remarks>
internal static class FilterMessages
{
    private const uint TC_H_CLSACT = 0xFFFF_FFF1;
    private const uint ClsactHandle = 0xFFFF_0000;
    private const uint AllProtocols = 0x0300;
    private const uint TheOne = 1;
    private const ushort TCA_KIND = 1;
    private const ushort TCA_OPTIONS = 2;
    private const ushort TCA_BPF_FD = 6;
    private const ushort TCA_BPF_NAME = 7;
    private const ushort TCA_BPF_FLAGS = 8;
    private const uint TCA_BPF_FLAG_ACT_DIRECT = 1;
    private const string BpfKind = "bpf";

    internal static void WriteEnsureClsact(ref NetlinkWriter writer, int linkIndex)
    {
        var message = writer.BeginMessage(RTM_NEWQDISC, NetlinkFlags.Request | NetlinkFlags.Create | NetlinkFlags.Exclusive);
        WriteHeader(ref writer, linkIndex, ClsactHandle, TC_H_CLSACT, 0);
        writer.PutString(TCA_KIND, "clsact");
        writer.EndMessage(message);
    }

    /// <summary>Adds a filter, or puts another program in its place in one step.</summary>
    internal static void WriteEnsure(ref NetlinkWriter writer, BpfFilter filter, int program)
    {
        var message = writer.BeginMessage(RTM_NEWTFILTER, NetlinkFlags.Request | NetlinkFlags.Create);
        WriteHeader(ref writer, filter.LinkIndex, TheOne, (uint)filter.Direction, Info(filter.Priority));
        writer.PutString(TCA_KIND, BpfKind);
        var options = writer.BeginAttribute(TCA_OPTIONS);
        writer.PutInt32(TCA_BPF_FD, program);
        writer.PutString(TCA_BPF_NAME, filter.Name);
        writer.PutUInt32(TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
        writer.EndNest(options);
        writer.EndMessage(message);
    }

    internal static void WriteRemove(ref NetlinkWriter writer, BpfFilter filter)
    {
        var message = writer.BeginMessage(RTM_DELTFILTER, NetlinkFlags.Request);
        WriteHeader(ref writer, filter.LinkIndex, TheOne, (uint)filter.Direction, Info(filter.Priority));
        writer.PutString(TCA_KIND, BpfKind);
        writer.EndMessage(message);
    }

    /// <summary>The filters of a link in a direction.</summary>
    internal static void WriteDump(ref NetlinkWriter writer, (int LinkIndex, TrafficDirection Direction) where)
    {
        var message = writer.BeginMessage(RTM_GETTFILTER, NetlinkFlags.Request | NetlinkFlags.Dump);
        WriteHeader(ref writer, where.LinkIndex, 0, (uint)where.Direction, 0);
        writer.EndMessage(message);
    }

    /// <summary>BPF filters only. The kernel tells of a filter twice, of its place first.</summary>
    internal static void Read(in NetlinkMessage message, List<BpfFilter> results)
    {
        if (message.Type is not (RTM_NEWTFILTER or RTM_DELTFILTER))
        {
            return;
        }

        var header = message.FixedHeader(QdiscMessages.HeaderBytes);
        var linkIndex = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        var direction = (TrafficDirection)BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        var priority = (ushort)(BinaryPrimitives.ReadUInt32LittleEndian(header[16..]) >> 16);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) != 0 && ReadName(message) is { } name)
        {
            results.Add(new BpfFilter(linkIndex, direction, priority, name));
        }
    }

    private static string? ReadName(in NetlinkMessage message)
    {
        var kind = "";
        var attributes = message.Attributes(QdiscMessages.HeaderBytes);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case TCA_KIND:
                    kind = attributes.ReadString();
                    break;
                // The kernel writes the kind before the options, tcf_fill_node().
                case TCA_OPTIONS when kind == BpfKind:
                    var options = attributes.Nested();
                    while (options.MoveNext())
                    {
                        if (options.Type == TCA_BPF_NAME)
                        {
                            return options.ReadString();
                        }
                    }

                    return "";
            }
        }

        return null;
    }

    private static uint Info(ushort priority) => ((uint)priority << 16) | AllProtocols;

    private static void WriteHeader(ref NetlinkWriter writer, int linkIndex, uint handle, uint parent, uint info)
    {
        var header = writer.Append(QdiscMessages.HeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], linkIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], handle);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], parent);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], info);
    }
}

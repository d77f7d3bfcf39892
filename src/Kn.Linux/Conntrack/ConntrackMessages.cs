using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;
using Kn.Primitives;

namespace Kn.Linux.Conntrack;

/// <summary>Conntrack messages to bytes and back.</summary>
/// <remarks>struct nfgenmsg { family u8, version u8, resource u16 big-endian }, uapi/linux/netfilter/nfnetlink.h; attributes CTA_*,
/// nfnetlink_conntrack.h; integers are big-endian.
/// <code>
/// CTA_TUPLE_ORIG / CTA_TUPLE_REPLY: CTA_TUPLE_IP { source, destination } | CTA_TUPLE_PROTO { number, ports or ICMP fields } | CTA_TUPLE_ZONE
/// </code></remarks>
internal static class ConntrackMessages
{
    internal const int HeaderBytes = 4;
    internal const ushort GetFlow = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET;
    internal const ushort NewFlow = NFNL_SUBSYS_CTNETLINK << 8;
    internal const ushort DeleteFlow = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE;

    private const ushort NFNL_SUBSYS_CTNETLINK = 1;
    private const ushort IPCTNL_MSG_CT_GET = 1;
    private const ushort IPCTNL_MSG_CT_DELETE = 2;

    private const ushort CTA_TUPLE_ORIG = 1;
    private const ushort CTA_TUPLE_REPLY = 2;
    private const ushort CTA_STATUS = 3;
    private const ushort CTA_TIMEOUT = 7;
    private const ushort CTA_MARK = 8;
    private const ushort CTA_ID = 12;
    private const ushort CTA_ZONE = 18;
    private const ushort CTA_TUPLE_IP = 1;
    private const ushort CTA_TUPLE_PROTO = 2;
    private const ushort CTA_IP_V4_SRC = 1;
    private const ushort CTA_IP_V4_DST = 2;
    private const ushort CTA_IP_V6_SRC = 3;
    private const ushort CTA_IP_V6_DST = 4;
    private const ushort CTA_PROTO_NUM = 1;
    private const ushort CTA_PROTO_SRC_PORT = 2;
    private const ushort CTA_PROTO_DST_PORT = 3;
    private const ushort CTA_PROTO_ICMP_ID = 4;
    private const ushort CTA_PROTO_ICMP_TYPE = 5;
    private const ushort CTA_PROTO_ICMP_CODE = 6;
    private const ushort CTA_PROTO_ICMPV6_ID = 7;
    private const ushort CTA_PROTO_ICMPV6_TYPE = 8;
    private const ushort CTA_PROTO_ICMPV6_CODE = 9;
    private const byte IPPROTO_ICMP = 1;
    private const byte IPPROTO_ICMPV6 = 58;

    internal static void WriteDump(ref NetlinkWriter writer, IpFamily? family)
    {
        var message = writer.BeginMessage(GetFlow, NetlinkFlags.Request | NetlinkFlags.Dump);
        writer.Append(HeaderBytes)[0] = AddressFamily.Of(family);
        writer.EndMessage(message);
    }

    internal static void WriteDelete(ref NetlinkWriter writer, in ConntrackFlow flow)
    {
        var message = writer.BeginMessage(DeleteFlow, NetlinkFlags.Request);
        writer.Append(HeaderBytes)[0] = AddressFamily.Of(flow.Original.Source.Family);
        WriteTuple(ref writer, CTA_TUPLE_ORIG, flow.Original);
        writer.PutUInt32BigEndian(CTA_ID, flow.Id);
        if (flow.Zone != 0)
        {
            writer.PutUInt16BigEndian(CTA_ZONE, flow.Zone);
        }

        writer.EndMessage(message);
    }

    /// <summary>False for messages that are not flows, and for flows that are not IP.</summary>
    internal static bool TryRead(in NetlinkMessage message, out ConntrackFlow flow)
    {
        flow = default;
        if (message.Type is not (NewFlow or DeleteFlow) || AddressFamily.ToIpFamily(message.FixedHeader(HeaderBytes)[0]) is null)
        {
            return false;
        }

        ConntrackTuple? original = null;
        ConntrackTuple? reply = null;
        var attributes = message.Attributes(HeaderBytes);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case CTA_TUPLE_ORIG: original = ReadTuple(attributes.Nested()); break;
                case CTA_TUPLE_REPLY: reply = ReadTuple(attributes.Nested()); break;
                case CTA_STATUS: flow = flow with { Status = (ConntrackStatus)attributes.ReadUInt32BigEndian() }; break;
                case CTA_TIMEOUT: flow = flow with { TimeoutSeconds = attributes.ReadUInt32BigEndian() }; break;
                case CTA_MARK: flow = flow with { Mark = attributes.ReadUInt32BigEndian() }; break;
                case CTA_ID: flow = flow with { Id = attributes.ReadUInt32BigEndian() }; break;
                case CTA_ZONE: flow = flow with { Zone = attributes.ReadUInt16BigEndian() }; break;
            }
        }

        flow = flow with
        {
            Original = original ?? throw new WireFormatException("conntrack flow without CTA_TUPLE_ORIG"),
            Reply = reply ?? throw new WireFormatException("conntrack flow without CTA_TUPLE_REPLY"),
        };
        return true;
    }

    private static void WriteTuple(ref NetlinkWriter writer, ushort type, in ConntrackTuple tuple)
    {
        var isV6 = tuple.Source.Family == IpFamily.V6;
        var nest = writer.BeginNest(type);
        var addresses = writer.BeginNest(CTA_TUPLE_IP);
        writer.PutAddress(isV6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, tuple.Source);
        writer.PutAddress(isV6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, tuple.Destination);
        writer.EndNest(addresses);
        var protocol = writer.BeginNest(CTA_TUPLE_PROTO);
        writer.PutUInt8(CTA_PROTO_NUM, tuple.Protocol);
        switch (tuple.Protocol)
        {
            case IPPROTO_ICMP:
                writer.PutUInt16BigEndian(CTA_PROTO_ICMP_ID, tuple.SourcePort);
                writer.PutUInt8(CTA_PROTO_ICMP_TYPE, (byte)(tuple.DestinationPort >> 8));
                writer.PutUInt8(CTA_PROTO_ICMP_CODE, (byte)tuple.DestinationPort);
                break;
            case IPPROTO_ICMPV6:
                writer.PutUInt16BigEndian(CTA_PROTO_ICMPV6_ID, tuple.SourcePort);
                writer.PutUInt8(CTA_PROTO_ICMPV6_TYPE, (byte)(tuple.DestinationPort >> 8));
                writer.PutUInt8(CTA_PROTO_ICMPV6_CODE, (byte)tuple.DestinationPort);
                break;
            default:
                writer.PutUInt16BigEndian(CTA_PROTO_SRC_PORT, tuple.SourcePort);
                writer.PutUInt16BigEndian(CTA_PROTO_DST_PORT, tuple.DestinationPort);
                break;
        }

        writer.EndNest(protocol);
        writer.EndNest(nest);
    }

    private static ConntrackTuple ReadTuple(AttributeReader attributes)
    {
        var tuple = default(ConntrackTuple);
        while (attributes.MoveNext())
        {
            tuple = attributes.Type switch
            {
                CTA_TUPLE_IP => WithAddresses(tuple, attributes.Nested()),
                CTA_TUPLE_PROTO => WithProtocol(tuple, attributes.Nested()),
                _ => tuple,
            };
        }

        return tuple;
    }

    private static ConntrackTuple WithAddresses(ConntrackTuple tuple, AttributeReader attributes)
    {
        while (attributes.MoveNext())
        {
            tuple = attributes.Type switch
            {
                CTA_IP_V4_SRC or CTA_IP_V6_SRC => tuple with { Source = attributes.ReadAddress() },
                CTA_IP_V4_DST or CTA_IP_V6_DST => tuple with { Destination = attributes.ReadAddress() },
                _ => tuple,
            };
        }

        return tuple;
    }

    private static ConntrackTuple WithProtocol(ConntrackTuple tuple, AttributeReader attributes)
    {
        while (attributes.MoveNext())
        {
            tuple = attributes.Type switch
            {
                CTA_PROTO_NUM => tuple with { Protocol = attributes.ReadUInt8() },
                CTA_PROTO_SRC_PORT or CTA_PROTO_ICMP_ID or CTA_PROTO_ICMPV6_ID => tuple with { SourcePort = attributes.ReadUInt16BigEndian() },
                CTA_PROTO_DST_PORT => tuple with { DestinationPort = attributes.ReadUInt16BigEndian() },
                CTA_PROTO_ICMP_TYPE or CTA_PROTO_ICMPV6_TYPE =>
                    tuple with { DestinationPort = (ushort)((tuple.DestinationPort & 0xFF) | (attributes.ReadUInt8() << 8)) },
                CTA_PROTO_ICMP_CODE or CTA_PROTO_ICMPV6_CODE =>
                    tuple with { DestinationPort = (ushort)((tuple.DestinationPort & 0xFF00) | attributes.ReadUInt8()) },
                _ => tuple,
            };
        }

        return tuple;
    }
}

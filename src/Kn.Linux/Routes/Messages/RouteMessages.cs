using System.Buffers.Binary;
using Kn.Linux.Netlink;
using Kn.Primitives;
using static Kn.Linux.Routes.Messages.RtnetlinkMessage;

namespace Kn.Linux.Routes.Messages;

/// <summary>Route messages to bytes and back.</summary>
/// <remarks>struct rtmsg, attributes RTA_*, uapi/linux/rtnetlink.h:
/// <code>family u8 | destination length u8 | source length u8 | tos u8 | table u8 | protocol u8 | scope u8 | type u8 | flags u32 | attributes</code></remarks>
internal static class RouteMessages
{
    internal const int HeaderBytes = 12;

    private const ushort RTA_DST = 1;
    private const ushort RTA_OIF = 4;
    private const ushort RTA_GATEWAY = 5;
    private const ushort RTA_PRIORITY = 6;
    private const ushort RTA_PREFSRC = 7;
    private const ushort RTA_METRICS = 8;
    private const ushort RTA_MULTIPATH = 9;
    private const ushort RTA_TABLE = 15;
    private const ushort RTA_VIA = 18;
    private const ushort RTAX_MTU = 2;
    private const uint RTNH_F_ONLINK = 4;
    private const uint RTM_F_CLONED = 0x200;

    internal static void WriteEnsure(ref NetlinkWriter writer, Route route) =>
        Write(ref writer, RTM_NEWROUTE, NetlinkFlags.Create | NetlinkFlags.Replace, route);

    internal static void WriteRemove(ref NetlinkWriter writer, Route route) =>
        Write(ref writer, RTM_DELROUTE, NetlinkFlags.None, route);

    internal static void WriteDump(ref NetlinkWriter writer, RouteFilter? filter)
    {
        var message = writer.BeginMessage(RTM_GETROUTE, NetlinkFlags.Request | NetlinkFlags.Dump);
        var header = writer.Append(HeaderBytes);
        header[0] = AddressFamily.Of(filter?.Family);
        header[5] = filter?.Protocol ?? 0;
        if (filter?.Table is { } table)
        {
            writer.PutUInt32(RTA_TABLE, (uint)table);
        }

        if (filter?.LinkIndex is { } index)
        {
            writer.PutInt32(RTA_OIF, index);
        }

        writer.EndMessage(message);
    }

    /// <summary>Adds the route unless it is of another family, or a cached exception rather than a route.</summary>
    internal static void Read(in NetlinkMessage message, List<Route> results)
    {
        if (message.Type is RTM_NEWROUTE or RTM_DELROUTE && Read(message) is { } route)
        {
            results.Add(route);
        }
    }

    private static void Write(ref NetlinkWriter writer, ushort type, NetlinkFlags flags, Route route)
    {
        const byte TableInAttribute = 0;
        var message = writer.BeginMessage(type, NetlinkFlags.Request | flags);
        var header = writer.Append(HeaderBytes);
        header[0] = AddressFamily.Of(route.Destination.Family);
        header[1] = route.Destination.Length;
        header[4] = (uint)route.Table <= byte.MaxValue ? (byte)route.Table : TableInAttribute;
        header[5] = route.Protocol;
        header[6] = (byte)route.Scope;
        header[7] = (byte)route.Type;
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], route.OnLink ? RTNH_F_ONLINK : 0);
        WriteAttributes(ref writer, route);
        writer.EndMessage(message);
    }

    private static void WriteAttributes(ref NetlinkWriter writer, Route route)
    {
        if (route.Destination.Length > 0)
        {
            writer.PutAddress(RTA_DST, route.Destination.Address);
        }

        WriteGateway(ref writer, route.Gateway, route.Destination.Family);
        if (route.LinkIndex != 0)
        {
            writer.PutInt32(RTA_OIF, route.LinkIndex);
        }

        if (route.PreferredSource is { } source)
        {
            writer.PutAddress(RTA_PREFSRC, source);
        }

        if (route.Metric != 0)
        {
            writer.PutUInt32(RTA_PRIORITY, route.Metric);
        }

        if ((uint)route.Table > byte.MaxValue)
        {
            writer.PutUInt32(RTA_TABLE, (uint)route.Table);
        }

        if (route.Mtu is { } mtu)
        {
            var metrics = writer.BeginAttribute(RTA_METRICS);
            writer.PutUInt32(RTAX_MTU, mtu);
            writer.EndNest(metrics);
        }

        WriteNextHops(ref writer, route);
    }

    /// <summary>struct rtvia { family u16, address } carries a gateway of the other family.</summary>
    private static void WriteGateway(ref NetlinkWriter writer, IpAddress? gateway, IpFamily family)
    {
        if (gateway is not { } address)
        {
            return;
        }

        if (address.Family == family)
        {
            writer.PutAddress(RTA_GATEWAY, address);
            return;
        }

        Span<byte> via = stackalloc byte[sizeof(ushort) + 16];
        via.Clear();
        via[0] = AddressFamily.Of(address.Family);
        writer.PutBytes(RTA_VIA, via[..(sizeof(ushort) + address.WriteBytes(via[sizeof(ushort)..]))]);
    }

    /// <summary>struct rtnexthop { length u16, flags u8, hops (weight - 1) u8, index i32 } and the gateway, for each.</summary>
    private static void WriteNextHops(ref NetlinkWriter writer, Route route)
    {
        if (route.NextHops.IsEmpty)
        {
            return;
        }

        var multipath = writer.BeginAttribute(RTA_MULTIPATH);
        foreach (var hop in route.NextHops)
        {
            // Like an attribute it begins with its length as u16, which EndNest fills in; the u16 behind is flags and weight.
            var nest = writer.BeginAttribute((ushort)((hop.OnLink ? RTNH_F_ONLINK : 0) | (uint)((hop.Weight - 1) << 8)));
            BinaryPrimitives.WriteInt32LittleEndian(writer.Append(sizeof(int)), hop.LinkIndex);
            WriteGateway(ref writer, hop.Gateway, route.Destination.Family);
            writer.EndNest(nest);
        }

        writer.EndNest(multipath);
    }

    private static Route? Read(in NetlinkMessage message)
    {
        var header = message.FixedHeader(HeaderBytes);
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        if (AddressFamily.ToIpFamily(header[0]) is not { } family || (flags & RTM_F_CLONED) != 0)
        {
            return null;
        }

        var destination = IpAddress.Any(family);
        IpAddress? gateway = null;
        IpAddress? source = null;
        var (index, table, metric) = (0, (uint)header[4], 0u);
        uint? mtu = null;
        var hops = ValueList<NextHop>.Empty;
        var attributes = message.Attributes(HeaderBytes);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case RTA_DST: destination = attributes.ReadAddress(); break;
                case RTA_GATEWAY: gateway = attributes.ReadAddress(); break;
                case RTA_VIA: gateway = ReadVia(attributes.Value); break;
                case RTA_PREFSRC: source = attributes.ReadAddress(); break;
                case RTA_OIF: index = attributes.ReadInt32(); break;
                case RTA_TABLE: table = attributes.ReadUInt32(); break;
                case RTA_PRIORITY: metric = attributes.ReadUInt32(); break;
                case RTA_METRICS: mtu = ReadMtu(attributes.Nested()); break;
                case RTA_MULTIPATH: hops = ReadNextHops(attributes.Value); break;
            }
        }

        var route = new Route
        {
            Destination = RtnetlinkPrefix.Of(destination, header[1]),
            Gateway = gateway,
            LinkIndex = index,
            PreferredSource = source,
            Table = (RouteTable)table,
            Protocol = header[5],
            Scope = (RouteScope)header[6],
            Type = (RouteType)header[7],
            Metric = metric,
            OnLink = (flags & RTNH_F_ONLINK) != 0,
            Mtu = mtu,
            NextHops = hops,
        };
        return route.SendsNothing ? route with { LinkIndex = 0 } : route;
    }

    private static IpAddress ReadVia(ReadOnlySpan<byte> via) => via.Length > sizeof(ushort)
        ? IpAddress.FromBytes(via[sizeof(ushort)..])
        : throw new WireFormatException($"RTA_VIA: {via.Length} bytes");

    private static uint? ReadMtu(AttributeReader metrics)
    {
        while (metrics.MoveNext())
        {
            if (metrics.Type == RTAX_MTU)
            {
                return metrics.ReadUInt32();
            }
        }

        return null;
    }

    private static ValueList<NextHop> ReadNextHops(ReadOnlySpan<byte> rest)
    {
        const int HopHeaderBytes = 8;
        var hops = new List<NextHop>();
        while (!rest.IsEmpty)
        {
            var length = rest.Length < HopHeaderBytes ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(rest);
            if (length < HopHeaderBytes || length > rest.Length)
            {
                throw new WireFormatException($"RTA_MULTIPATH: next hop of {length} bytes, {rest.Length} left");
            }

            IpAddress? gateway = null;
            var attributes = new AttributeReader(rest[HopHeaderBytes..length]);
            while (attributes.MoveNext())
            {
                gateway = attributes.Type switch
                {
                    RTA_GATEWAY => attributes.ReadAddress(),
                    RTA_VIA => ReadVia(attributes.Value),
                    _ => gateway,
                };
            }

            hops.Add(new NextHop(gateway, BinaryPrimitives.ReadInt32LittleEndian(rest[4..]), rest[3] + 1, (rest[2] & RTNH_F_ONLINK) != 0));
            rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        }

        return hops.ToValueList();
    }
}

using System.Buffers.Binary;
using Kn.Linux.Netlink;
using Kn.Primitives;
using static Kn.Linux.Routes.Messages.RtnetlinkMessage;

namespace Kn.Linux.Routes.Messages;

/// <summary>Neighbour and FDB messages to bytes and back.</summary>
/// <remarks>struct ndmsg, attributes NDA_*, uapi/linux/neighbour.h:
/// <code>family u8 | pad u8 | pad u16 | link index i32 | state u16 | flags u8 | type u8 | attributes</code></remarks>
internal static class NeighbourMessages
{
    internal const int HeaderBytes = 12;

    private const ushort NDA_DST = 1;
    private const ushort NDA_LLADDR = 2;
    private const ushort NDA_VLAN = 5;
    private const ushort NDA_PORT = 6;
    private const ushort NDA_VNI = 7;
    private const ushort NDA_IFINDEX = 8;
    private const ushort NDA_MASTER = 9;

    internal static void WriteEnsure(ref NetlinkWriter writer, Neighbour neighbour) =>
        Write(ref writer, RTM_NEWNEIGH, NetlinkFlags.Create | NetlinkFlags.Replace, neighbour);

    internal static void WriteRemove(ref NetlinkWriter writer, Neighbour neighbour) =>
        Write(ref writer, RTM_DELNEIGH, NetlinkFlags.None, neighbour);

    /// <summary>A unicast address has one remote end, which is replaced; the zero and group addresses have a list, which is added to.</summary>
    internal static void WriteEnsure(ref NetlinkWriter writer, FdbEntry entry) => Write(
        ref writer,
        RTM_NEWNEIGH,
        NetlinkFlags.Create | (entry.Mac.IsZero || entry.Mac.IsMulticast ? NetlinkFlags.Append : NetlinkFlags.Replace),
        entry);

    internal static void WriteRemove(ref NetlinkWriter writer, FdbEntry entry) => Write(ref writer, RTM_DELNEIGH, NetlinkFlags.None, entry);

    internal static void WriteDump(ref NetlinkWriter writer, NeighbourFilter? filter)
    {
        var message = writer.BeginMessage(RTM_GETNEIGH, NetlinkFlags.Request | NetlinkFlags.Dump);
        var flags = filter?.Proxies == true ? NeighbourFlags.Proxy : NeighbourFlags.None;
        WriteHeader(ref writer, AddressFamily.Of(filter?.Family), 0, NeighbourStates.None, flags);
        if (filter?.LinkIndex is { } index)
        {
            writer.PutInt32(NDA_IFINDEX, index);
        }

        writer.EndMessage(message);
    }

    internal static void WriteFdbDump(ref NetlinkWriter writer, int? linkIndex)
    {
        var message = writer.BeginMessage(RTM_GETNEIGH, NetlinkFlags.Request | NetlinkFlags.Dump);
        WriteHeader(ref writer, AddressFamily.AF_BRIDGE, linkIndex ?? 0, NeighbourStates.None, NeighbourFlags.None);
        writer.EndMessage(message);
    }

    internal static void Read(in NetlinkMessage message, List<Neighbour> results)
    {
        var header = message.FixedHeader(HeaderBytes);
        if (message.Type is not (RTM_NEWNEIGH or RTM_DELNEIGH) || AddressFamily.ToIpFamily(header[0]) is null)
        {
            return;
        }

        IpAddress? address = null;
        MacAddress? mac = null;
        var attributes = message.Attributes(HeaderBytes);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NDA_DST: address = attributes.ReadAddress(); break;
                case NDA_LLADDR when attributes.Value.Length == MacAddress.ByteCount: mac = new MacAddress(attributes.Value); break;
            }
        }

        results.Add(new Neighbour
        {
            Address = address ?? throw new WireFormatException("RTM_NEWNEIGH without NDA_DST"),
            LinkIndex = BinaryPrimitives.ReadInt32LittleEndian(header[4..]),
            Mac = mac,
            State = (NeighbourStates)BinaryPrimitives.ReadUInt16LittleEndian(header[8..]),
            Flags = (NeighbourFlags)header[10],
        });
    }

    internal static void ReadFdb(in NetlinkMessage message, List<FdbEntry> results)
    {
        var header = message.FixedHeader(HeaderBytes);
        if (message.Type is not (RTM_NEWNEIGH or RTM_DELNEIGH) || header[0] != AddressFamily.AF_BRIDGE)
        {
            return;
        }

        var entry = new FdbEntry
        {
            Mac = default,
            LinkIndex = BinaryPrimitives.ReadInt32LittleEndian(header[4..]),
            State = (NeighbourStates)BinaryPrimitives.ReadUInt16LittleEndian(header[8..]),
            Flags = (NeighbourFlags)header[10],
        };
        var attributes = message.Attributes(HeaderBytes);
        while (attributes.MoveNext())
        {
            entry = attributes.Type switch
            {
                NDA_LLADDR => entry with { Mac = new MacAddress(attributes.Value) },
                NDA_DST => entry with { Remote = attributes.ReadAddress() },
                NDA_PORT => entry with { RemotePort = attributes.ReadUInt16BigEndian() },
                NDA_VNI => entry with { Vni = attributes.ReadUInt32() },
                NDA_VLAN => entry with { Vlan = attributes.ReadUInt16() },
                NDA_MASTER => entry with { Master = attributes.ReadInt32() },
                _ => entry,
            };
        }

        results.Add(entry);
    }

    private static void Write(ref NetlinkWriter writer, ushort type, NetlinkFlags flags, Neighbour neighbour)
    {
        var message = writer.BeginMessage(type, NetlinkFlags.Request | flags);
        WriteHeader(ref writer, AddressFamily.Of(neighbour.Address.Family), neighbour.LinkIndex, neighbour.State, neighbour.Flags);
        writer.PutAddress(NDA_DST, neighbour.Address);
        if (neighbour.Mac is { } mac)
        {
            WriteMac(ref writer, mac);
        }

        writer.EndMessage(message);
    }

    private static void Write(ref NetlinkWriter writer, ushort type, NetlinkFlags flags, FdbEntry entry)
    {
        var message = writer.BeginMessage(type, NetlinkFlags.Request | flags);
        WriteHeader(ref writer, AddressFamily.AF_BRIDGE, entry.LinkIndex, entry.State, entry.Flags);
        WriteMac(ref writer, entry.Mac);
        if (entry.Remote is { } remote)
        {
            writer.PutAddress(NDA_DST, remote);
        }

        if (entry.Vlan is { } vlan)
        {
            writer.PutUInt16(NDA_VLAN, vlan);
        }

        if (entry.RemotePort is { } port)
        {
            writer.PutUInt16BigEndian(NDA_PORT, port);
        }

        if (entry.Vni is { } vni)
        {
            writer.PutUInt32(NDA_VNI, vni);
        }

        writer.EndMessage(message);
    }

    private static void WriteMac(ref NetlinkWriter writer, MacAddress mac)
    {
        Span<byte> octets = stackalloc byte[MacAddress.ByteCount];
        mac.WriteBytes(octets);
        writer.PutBytes(NDA_LLADDR, octets);
    }

    private static void WriteHeader(ref NetlinkWriter writer, byte family, int linkIndex, NeighbourStates state, NeighbourFlags flags)
    {
        var header = writer.Append(HeaderBytes);
        header[0] = family;
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], linkIndex);
        BinaryPrimitives.WriteUInt16LittleEndian(header[8..], (ushort)state);
        header[10] = (byte)flags;
    }
}

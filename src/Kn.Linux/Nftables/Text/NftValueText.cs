using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Kn.Primitives;

namespace Kn.Linux.Nftables.Text;

/// <summary>Values as nft prints them.</summary>
internal static class NftValueText
{
    internal static string Of(NftKey key, NftValue value) => string.Join(" . ", Fields(key, value).Select(static field => Of(field.Type, field.Value)));

    /// <summary>A key, or each field of a range as a value, a prefix or first-last.</summary>
    internal static string Range(NftKey key, NftValue first, NftValue last) => last.IsEmpty
        ? Of(key, first)
        : string.Join(" . ", Fields(key, first).Zip(Fields(key, last)).Select(static pair => Range(pair.First.Type, pair.First.Value, pair.Second.Value)));

    internal static string Of(NftDataType type, NftValue value)
    {
        if (type == NftDataType.Ipv4Address || type == NftDataType.Ipv6Address)
        {
            return IpAddress.FromBytes(value.Bytes).ToString();
        }

        if (type == NftDataType.InetProtocol)
        {
            return Protocol(value.Bytes[0]);
        }

        if (type == NftDataType.InterfaceName)
        {
            return $"\"{Encoding.UTF8.GetString(value.Bytes).TrimEnd('\0')}\"";
        }

        var number = Number(type, value);
        return type.Name switch
        {
            "classid" => number == 0 ? "none" : $"{number >> 16:x}:{number & 0xffff:x}",
            "mark" => $"0x{number:x8}",
            "nf_proto" => number == (uint)NftFamily.Ip6 ? "ipv6" : "ipv4",
            "iface_index" => number == 1 ? "\"lo\"" : number.ToString(CultureInfo.InvariantCulture),
            "fib_addrtype" => ((AddressKind)number).ToString().ToLowerInvariant(),
            "ct_dir" => NftNames.Of((ConnectionDirection)number),
            "ct_state" => ((ConnectionState)number).ToString().ToLowerInvariant().Replace(", ", ",", StringComparison.Ordinal),
            "ct_status" => Status((ConnectionStatus)number),
            _ => number.ToString(CultureInfo.InvariantCulture),
        };
    }


    internal static string Flags(NftSetFlags flags) => string.Join(',', new[]
    {
        flags.HasFlag(NftSetFlags.Constant) ? "constant" : null,
        flags.HasFlag(NftSetFlags.Interval) ? "interval" : null,
        flags.HasFlag(NftSetFlags.Dynamic) ? "dynamic" : null,
        flags.HasFlag(NftSetFlags.Timeout) ? "timeout" : null,
    }.Where(static word => word is not null));

    internal static string Time(TimeSpan time)
    {
        var text = new StringBuilder();
        Part(time.Days, "d");
        Part(time.Hours, "h");
        Part(time.Minutes, "m");
        Part(time.Seconds, "s");
        Part(time.Milliseconds, "ms");
        return text.ToString();

        void Part(int count, string unit) => text.Append(count == 0 ? string.Empty : $"{count}{unit}");
    }

    private static IEnumerable<(NftDataType Type, NftValue Value)> Fields(NftKey key, NftValue value)
    {
        var start = 0;
        foreach (var field in (IEnumerable<NftKeyField>)key.Fields)
        {
            yield return (field.Type, NftValue.Of(value.Bytes.Slice(start, field.Type.LengthBytes)));
            start += field.Type.Words * 4;
        }
    }

    private static string Range(NftDataType type, NftValue first, NftValue last)
    {
        (first, last) = (FromInterval(type, first), FromInterval(type, last));
        if (first == last)
        {
            return Of(type, first);
        }

        if (type == NftDataType.Ipv4Address || type == NftDataType.Ipv6Address)
        {
            var (from, to) = (IpAddress.FromBytes(first.Bytes), IpAddress.FromBytes(last.Bytes));
            for (var length = 0; length < from.BitCount; length++)
            {
                var prefix = new IpPrefix(from, length);
                if (prefix.Address == from && prefix.Last == to)
                {
                    return prefix.ToString();
                }
            }
        }

        return $"{Of(type, first)}-{Of(type, last)}";
    }

    /// <summary>nft holds numbers of interval sets in network order, whatever their type's: intervals are compared as bytes.</summary>
    private static NftValue FromInterval(NftDataType type, NftValue value)
    {
        if (type.Order == NftByteOrder.Network || value.Length > sizeof(uint))
        {
            return value;
        }

        var bytes = value.Bytes.ToArray();
        Array.Reverse(bytes);
        return NftValue.Of(bytes);
    }

    private static uint Number(NftDataType type, NftValue value) => (value.Length, type.Order) switch
    {
        (1, _) => value.Bytes[0],
        (2, NftByteOrder.Network) => BinaryPrimitives.ReadUInt16BigEndian(value.Bytes),
        (2, _) => MemoryMarshal.Read<ushort>(value.Bytes),
        (4, NftByteOrder.Network) => BinaryPrimitives.ReadUInt32BigEndian(value.Bytes),
        (4, _) => MemoryMarshal.Read<uint>(value.Bytes),
        _ => 0,
    };

    private static string Protocol(byte number) => (IpProtocol)number switch
    {
        IpProtocol.Icmp => "icmp",
        IpProtocol.Tcp => "tcp",
        IpProtocol.Udp => "udp",
        IpProtocol.Icmpv6 => "ipv6-icmp",
        IpProtocol.Sctp => "sctp",
        _ => number.ToString(CultureInfo.InvariantCulture),
    };

    private static string Status(ConnectionStatus status) => status switch
    {
        ConnectionStatus.DestinationNat => "dnat",
        ConnectionStatus.SourceNat => "snat",
        ConnectionStatus.SeenReply => "seen-reply",
        _ => status.ToString().ToLowerInvariant(),
    };
}

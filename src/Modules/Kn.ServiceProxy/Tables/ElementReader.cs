using System.Buffers.Binary;
using Kn.Linux.Nftables;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;
using IpProtocol = Kn.Kubernetes.Objects.IpProtocol;

namespace Kn.ServiceProxy.Tables;

/// <summary>Reads the keys and data that <see cref="ProxyElement"/> writes. Every method refuses a value of another length, and
/// of padding that is not zero.</summary>
internal static class ElementReader
{
    /// <summary>Address, protocol and port at the start of a key.</summary>
    public static bool TryReadVip(NftValue key, IpFamily family, out Vip vip)
    {
        vip = default;
        var width = Width(family);
        if (key.Length != width + 8 || !IsProtocol(key.Bytes[width]) || !TryReadPort(key.Bytes[(width + 4)..], out var port))
        {
            return false;
        }

        vip = new Vip(IpAddress.FromBytes(key.Bytes[..width]), (IpProtocol)key.Bytes[width], port);
        return true;
    }

    /// <summary>A VIP and a permitted prefix.</summary>
    public static bool TryReadRange(NftElement element, IpFamily family, out Vip vip, out IpPrefix clients)
    {
        (vip, clients) = (default, default);
        var width = Width(family);
        var vipLength = width + 8;
        if (element.Key.Length != vipLength + width
            || !TryReadVip(NftValue.Of(element.Key.Bytes[..vipLength]), family, out vip))
        {
            return false;
        }

        var first = IpAddress.FromBytes(element.Key.Bytes[vipLength..]);
        var last = element.KeyEnd.Length == element.Key.Length ? IpAddress.FromBytes(element.KeyEnd.Bytes[vipLength..]) : first;
        return TryReadPrefix(first, last, out clients);
    }

    /// <summary>A VIP, the list that waits for it, and a permitted prefix.</summary>
    public static bool TryReadContested(NftElement element, IpFamily family, out Vip vip, out uint list, out IpPrefix clients)
    {
        (vip, list, clients) = (default, 0, default);
        var width = Width(family);
        var (listAt, clientAt) = (width + 8, width + 12);
        if (element.Data.Length != 4 || element.Key.Length != clientAt + width || element.KeyEnd.Length != element.Key.Length
            || !TryReadVip(NftValue.Of(element.Key.Bytes[..listAt]), family, out vip))
        {
            return false;
        }

        list = BinaryPrimitives.ReadUInt32BigEndian(element.Key.Bytes[listAt..clientAt]);
        return TryReadPrefix(IpAddress.FromBytes(element.Key.Bytes[clientAt..]), IpAddress.FromBytes(element.KeyEnd.Bytes[clientAt..]), out clients);
    }

    /// <summary>A prefix of a set of intervals.</summary>
    public static bool TryReadPrefix(NftElement element, IpFamily family, out IpPrefix prefix)
    {
        prefix = default;
        if (element.Key.Length != Width(family))
        {
            return false;
        }

        var first = IpAddress.FromBytes(element.Key.Bytes);
        return TryReadPrefix(first, element.KeyEnd.Length == element.Key.Length ? IpAddress.FromBytes(element.KeyEnd.Bytes) : first, out prefix);
    }

    /// <summary>The list and slot of a key of <c>endpoints</c> or <c>choices</c>.</summary>
    public static bool TryReadSlot(NftValue key, out uint list, out uint slot)
    {
        (list, slot) = (0, 0);
        if (key.Length != 8)
        {
            return false;
        }

        list = NftValue.Of(key.Bytes[..4]).ToUInt32();
        slot = NftValue.Of(key.Bytes[4..]).ToUInt32();
        return true;
    }

    /// <summary>An address and a port.</summary>
    public static bool TryReadEndpoint(NftValue data, IpFamily family, out EndpointAddress endpoint)
    {
        endpoint = default;
        var width = Width(family);
        if (data.Length != width + 4 || !TryReadPort(data.Bytes[width..], out var port))
        {
            return false;
        }

        endpoint = new EndpointAddress(IpAddress.FromBytes(data.Bytes[..width]), port);
        return true;
    }

    private static int Width(IpFamily family) => family == IpFamily.V6 ? 16 : 4;

    private static bool IsProtocol(byte number) => number is (byte)IpProtocol.Tcp or (byte)IpProtocol.Udp or (byte)IpProtocol.Sctp;

    private static bool TryReadPort(ReadOnlySpan<byte> padded, out ushort port)
    {
        port = BinaryPrimitives.ReadUInt16BigEndian(padded);
        return padded[2] == 0 && padded[3] == 0;
    }

    private static bool TryReadPrefix(IpAddress first, IpAddress last, out IpPrefix prefix)
    {
        var host = first.Number ^ last.Number;
        var length = first.BitCount - (128 - (int)UInt128.LeadingZeroCount(host));
        prefix = new IpPrefix(first, length);
        return prefix.Address == first && prefix.Last == last;
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Primitives;

namespace Kn.Bgp.Transport;

/// <summary>What BGP asks of a TCP socket, beyond TCP.</summary>
/// <remarks>Numbers of uapi/linux/in.h, in6.h and tcp.h.</remarks>
internal static class TcpOptions
{
    internal const int MaxKeyBytes = 80;

    private const int IPPROTO_IP = 0;
    private const int IPPROTO_TCP = 6;
    private const int IPPROTO_IPV6 = 41;
    private const int IP_TOS = 1;
    private const int IP_MINTTL = 21;
    private const int IPV6_TCLASS = 67;
    private const int IPV6_MINHOPCOUNT = 73;
    private const int TCP_MD5SIG = 14;
    private const int Md5SigBytes = 216;
    private const byte MaxTtl = 255;

    /// <summary>Internet control (RFC 4594 §3.1): sessions shall outlive a full link.</summary>
    private const int ClassSelector6 = 0xC0;

    /// <summary>No delay, and the traffic class of routing protocols.</summary>
    internal static void Prepare(Socket socket)
    {
        socket.NoDelay = true;
        PrepareTrafficClass(socket);
    }

    /// <summary>The traffic class of routing protocols.</summary>
    internal static void PrepareTrafficClass(Socket socket) => SetInt(socket, IPPROTO_IP, IP_TOS, IPPROTO_IPV6, IPV6_TCLASS, ClassSelector6);

    /// <summary>How far packets go, and from how far they may come (RFC 5082 §3).</summary>
    internal static void SetTtl(Socket socket, BgpPeerOptions peer, bool isExternal)
    {
        if (peer.TtlSecurity)
        {
            socket.Ttl = MaxTtl;
            SetInt(socket, IPPROTO_IP, IP_MINTTL, IPPROTO_IPV6, IPV6_MINHOPCOUNT, MaxTtl + 1 - peer.Hops);
        }
        else if (isExternal)
        {
            socket.Ttl = peer.Hops;
        }
    }

    /// <summary>A listener answers to any peer before it knows which, so its packets must reach those that ask for a full TTL.</summary>
    internal static void SetListenerTtl(Socket socket) => socket.Ttl = MaxTtl;

    /// <summary>Signs and checks every segment from and to a peer (RFC 2385); an empty key ends that.</summary>
    /// <remarks>struct tcp_md5sig, uapi/linux/tcp.h.
    /// <code>
    ///   0 128  address, of which the port means nothing
    /// 128   1  flags
    /// 129   1  prefix length, with a flag
    /// 130   2  length of the key
    /// 132   4  interface, with a flag
    /// 136  80  key
    /// </code></remarks>
    /// <exception cref="SocketException">No such key to end; or the kernel has no TCP_MD5SIG.</exception>
    internal static void SetMd5(Socket socket, IpAddress peer, string key)
    {
        Span<byte> option = stackalloc byte[Md5SigBytes];
        option.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(option, (ushort)(peer.Family == IpFamily.V4 ? 2 : 10));
        peer.WriteBytes(option[(peer.Family == IpFamily.V4 ? 4 : 8)..]);
        var length = Encoding.UTF8.GetBytes(key, option.Slice(136, MaxKeyBytes));
        BinaryPrimitives.WriteUInt16LittleEndian(option[130..], (ushort)length);
        socket.SetRawSocketOption(IPPROTO_TCP, TCP_MD5SIG, option);
    }

    /// <summary>The framework's type, with the link of an fe80::/10 address.</summary>
    internal static IPEndPoint EndPoint(IpAddress address, ushort port, uint scope = 0)
    {
        var converted = address.ToIPAddress();
        if (scope != 0 && address is { Family: IpFamily.V6, IsLinkLocal: true })
        {
            converted.ScopeId = scope;
        }

        return new IPEndPoint(converted, port);
    }

    private static void SetInt(Socket socket, int levelV4, int optionV4, int levelV6, int optionV6, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        var isV6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
        socket.SetRawSocketOption(isV6 ? levelV6 : levelV4, isV6 ? optionV6 : optionV4, bytes);
    }
}

using System.Runtime.InteropServices;
using Kn.Linux.Interop;
using Kn.Primitives;

namespace Kn.Linux.Descriptors;

/// <summary>What an open file that came from elsewhere is, by the kernel's word: a name alone proves nothing.</summary>
/// <param name="IsStream">SOCK_STREAM; else SOCK_DGRAM.</param>
/// <param name="Protocol">Number of the IP protocol (in.h): 17 for UDP, 6 for TCP.</param>
/// <param name="IsListening">Takes connections (SO_ACCEPTCONN).</param>
/// <param name="Address">What it is bound to.</param>
/// <param name="Port">Likewise; 0 for a socket that is not bound.</param>
public readonly record struct SocketIdentity(bool IsStream, int Protocol, bool IsListening, IpAddress Address, ushort Port)
{
    private const int SOCK_STREAM = 1;
    private const int SOCK_DGRAM = 2;
    private const int IPPROTO_TCP = 6;
    private const int IPPROTO_UDP = 17;

    /// <summary>The UDP socket of an address.</summary>
    public static SocketIdentity Udp(IpAddress address, ushort port) => new(IsStream: false, IPPROTO_UDP, IsListening: false, address, port);

    /// <summary>The socket that listens for TCP on an address.</summary>
    public static SocketIdentity TcpListener(IpAddress address, ushort port) => new(IsStream: true, IPPROTO_TCP, IsListening: true, address, port);

    /// <summary>Reads it; null for what is no socket of IP.</summary>
    public static SocketIdentity? Read(SafeHandle descriptor)
    {
        Span<byte> name = stackalloc byte[SocketAddress.MaxSize];
        name.Clear();
        var type = Libc.GetOption(descriptor, Libc.SO_TYPE);
        if (type is not (SOCK_STREAM or SOCK_DGRAM) || Libc.GetName(descriptor, name) < 0
            || BitConverter.ToUInt16(name) is not (SocketAddress.AF_INET or SocketAddress.AF_INET6))
        {
            return null;
        }

        var address = SocketAddress.Read(name, out var port, out _);
        return new SocketIdentity(type == SOCK_STREAM, Libc.GetOption(descriptor, Libc.SO_PROTOCOL), Libc.GetOption(descriptor, Libc.SO_ACCEPTCONN) > 0, address, port);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(Protocol == IPPROTO_UDP ? "UDP" : Protocol == IPPROTO_TCP ? "TCP" : $"protocol {Protocol}")} {Address} port {Port}{(IsListening ? ", listening" : "")}";
}

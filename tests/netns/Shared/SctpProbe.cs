using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Runtime.InteropServices;
using Kn.Linux.Namespaces;

namespace Kn.NetnsTests;

/// <summary>Sends and receives the first packet of an SCTP association by a raw socket: no SCTP in the kernel is needed.</summary>
/// <remarks>RFC 9260 §3.1: source port, destination port, verification tag, CRC32c; §3.3.2: the INIT chunk. Conntrack drops it when the
/// checksum is wrong.</remarks>
internal sealed class SctpProbe : IDisposable
{
    private const int HeaderBytes = 12;
    private const int InitBytes = 20;
    private readonly Socket _socket;

    private readonly bool _isV6;

    public SctpProbe(NetworkNamespace space, bool isV6 = false)
    {
        _isV6 = isV6;
        _socket = space.Run(() => new Socket(new SafeSocketHandle(OpenRaw(isV6), ownsHandle: true)));
        Patience = TimeSpan.FromSeconds(20);
    }

    /// <summary>How long <see cref="ReceiveInit"/> waits.</summary>
    public TimeSpan Patience
    {
        set => _socket.ReceiveTimeout = (int)value.TotalMilliseconds;
    }

    public void SendInit(string address, ushort sourcePort, ushort port)
    {
        var packet = new byte[HeaderBytes + InitBytes];
        BinaryPrimitives.WriteUInt16BigEndian(packet, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), port);
        packet[HeaderBytes] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(HeaderBytes + 2), InitBytes);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(HeaderBytes + 4), 0x1234_5678);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(HeaderBytes + 8), 65_536);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(HeaderBytes + 12), 1);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(HeaderBytes + 14), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(8), Checksum(packet));
        _socket.SendTo(packet, new IPEndPoint(IPAddress.Parse(address), 0));
    }

    /// <summary>'source:port &gt; port' of the next packet; fails when its checksum is wrong.</summary>
    public string ReceiveInit()
    {
        var buffer = new byte[1500];
        EndPoint from = new IPEndPoint(_isV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        var length = _socket.ReceiveFrom(buffer, ref from);
        // Raw sockets of IPv4 give the header of IP too.
        var header = _isV6 ? 0 : (buffer[0] & 15) * 4;
        var packet = buffer.AsSpan(header, length - header).ToArray();
        var checksum = BinaryPrimitives.ReadUInt32LittleEndian(packet.AsSpan(8));
        packet.AsSpan(8, 4).Clear();
        Assert.Equal(Checksum(packet), checksum);
        return $"{((IPEndPoint)from).Address}:{BinaryPrimitives.ReadUInt16BigEndian(packet)} > {BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2))}";
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The socket API of .NET knows no SCTP.</summary>
    private static int OpenRaw(bool isV6)
    {
        const int AF_INET = 2, AF_INET6 = 10, SOCK_RAW = 3, IPPROTO_SCTP = 132;
        var descriptor = OpenSocket(isV6 ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_SCTP);
        Assert.True(descriptor >= 0, $"socket: errno {Marshal.GetLastPInvokeError()}");
        return descriptor;
    }

    [DllImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static extern int OpenSocket(int family, int type, int protocol);

    private static uint Checksum(byte[] packet)
    {
        var crc = uint.MaxValue;
        foreach (var octet in packet)
        {
            crc = BitOperations.Crc32C(crc, octet);
        }

        return ~crc;
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Runtime.InteropServices;
using Kn.Linux.Namespaces;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>Sends and receives the first packet of an SCTP association by a raw socket: no SCTP in the kernel is needed.</summary>
/// <remarks>RFC 9260 §3.1: source port, destination port, verification tag, CRC32c; §3.3.2: the INIT chunk. Conntrack drops it when the
/// checksum is wrong.</remarks>
internal sealed class SctpProbe : IDisposable
{
    private const int HeaderBytes = 12;
    private const int InitBytes = 20;
    private readonly Socket _socket;

    public SctpProbe(NetworkNamespace space)
    {
        _socket = space.Run(static () => new Socket(new SafeSocketHandle(OpenRaw(), ownsHandle: true)));
        _socket.ReceiveTimeout = 5000;
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
        var length = _socket.Receive(buffer);
        var packet = buffer.AsSpan((buffer[0] & 15) * 4, length - ((buffer[0] & 15) * 4)).ToArray();
        var checksum = BinaryPrimitives.ReadUInt32LittleEndian(packet.AsSpan(8));
        packet.AsSpan(8, 4).Clear();
        Assert.Equal(Checksum(packet), checksum);
        return $"{new IPAddress(buffer.AsSpan(12, 4))}:{BinaryPrimitives.ReadUInt16BigEndian(packet)} > {BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2))}";
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The socket API of .NET knows no SCTP.</summary>
    private static int OpenRaw()
    {
        const int AF_INET = 2, SOCK_RAW = 3, IPPROTO_SCTP = 132;
        var descriptor = OpenSocket(AF_INET, SOCK_RAW, IPPROTO_SCTP);
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

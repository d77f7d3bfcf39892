using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Kn.Bench.Groups.Bgp;

/// <summary>A peer that tells a table as a router of the Internet would: a handful of prefixes an UPDATE, each with a path of its own. Bytes are made before the
/// clock runs.</summary>
internal sealed class BgpFeeder : IDisposable
{
    /// <summary>Of a full table, some five prefixes share their attributes.</summary>
    private const int PrefixesInUpdate = 5;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>Connects from 127.0.0.2, and waits for the other's OPEN and KEEPALIVE.</summary>
    public BgpFeeder(int port)
    {
        _socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        _socket.Connect(IPAddress.Loopback, port);
        // AS 65001, hold time 240, four-byte numbers and IPv4.
        _socket.Send(Message(1, [4, 0xFD, 0xE9, 0, 240, 10, 0, 0, 2, 14, 2, 12, 1, 4, 0, 1, 0, 1, 65, 4, 0, 0, 0xFD, 0xE9]));
        _socket.Send(Message(4, []));
        var header = new byte[19];
        for (byte type = 0; type != 4;)
        {
            Fill(header);
            type = header[18];
            Fill(new byte[BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(16)) - header.Length]);
            if (type == 3)
            {
                throw new InvalidOperationException("the speaker refused the session");
            }
        }
    }

    /// <summary>So many prefixes, /24 from 11.0.0.0 on, of which the last is <see cref="Last"/>.</summary>
    public static byte[] Table(int count)
    {
        var stream = new MemoryStream();
        Span<byte> number = stackalloc byte[4];
        for (var first = 0; first < count; first += PrefixesInUpdate)
        {
            var body = new List<byte>([0, 0, 0, 0, 0x40, 1, 1, 0, 0x40, 2, 18, 2, 4, 0, 0, 0xFD, 0xE9]);
            for (uint hop = 1; hop <= 3; hop++)
            {
                BinaryPrimitives.WriteUInt32BigEndian(number, 100_000 + ((uint)first * hop % 60_000));
                body.AddRange(number.ToArray());
            }

            body.AddRange([0x40, 3, 4, 192, 0, 2, 1, 0xC0, 8, 4, 0xFD, 0xE9, (byte)(first >> 8), (byte)first]);
            var attributes = body.Count - 4;
            (body[2], body[3]) = ((byte)(attributes >> 8), (byte)attributes);
            for (var i = first; i < Math.Min(first + PrefixesInUpdate, count); i++)
            {
                body.AddRange([24, (byte)(11 + (i >> 16)), (byte)(i >> 8), (byte)i]);
            }

            stream.Write(Message(2, [.. body]));
        }

        return stream.ToArray();
    }

    /// <summary>The last prefix of a table.</summary>
    public static string Last(int count) => $"{11 + ((count - 1) >> 16)}.{((count - 1) >> 8) & 255}.{(count - 1) & 255}.0/24";

    public void Send(byte[] table) => _socket.Send(table);

    public void Dispose() => _socket.Dispose();

    private static byte[] Message(byte type, byte[] body) =>
        [.. Enumerable.Repeat((byte)0xFF, 16), (byte)((19 + body.Length) >> 8), (byte)(19 + body.Length), type, .. body];

    private void Fill(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var received = _socket.Receive(buffer);
            buffer = received == 0 ? throw new InvalidOperationException("the speaker closed the connection") : buffer[received..];
        }
    }
}

using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Kn.LoadBalancer;

/// <summary>Asks systemd whether the machine is going down: a service is stopped the same way then as for an upgrade.</summary>
/// <remarks>The property SystemState of org.freedesktop.systemd1(5), by D-Bus on systemd's own socket, which needs no bus daemon: that one is
/// stopping too. D-Bus specification, "Message Protocol" and "Authentication Protocol" (EXTERNAL, as root).</remarks>
internal static class SystemState
{
    private const string ManagerSocket = "/run/systemd/private";
    private const int PatienceMilliseconds = 300;
    private const int HeaderFields = 16;

    /// <summary>True when systemd says that the machine shuts down; false when it does not, and where there is no systemd.</summary>
    public static bool IsStopping() => IsStopping(ManagerSocket, PatienceMilliseconds);

    internal static bool IsStopping(string path, int patienceMilliseconds)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            {
                ReceiveTimeout = patienceMilliseconds,
                SendTimeout = patienceMilliseconds,
            };
            socket.Connect(new UnixDomainSocketEndPoint(path));
            // 30 is "0", the user id, in hexadecimal.
            socket.Send("\0AUTH EXTERNAL 30\r\n"u8);
            Span<byte> buffer = stackalloc byte[1024];
            var length = socket.Receive(buffer);
            if (!buffer[..length].StartsWith("OK "u8))
            {
                return false;
            }

            socket.Send("BEGIN\r\n"u8);
            socket.Send(Question());
            return ReadAnswer(socket, buffer).IndexOf("stopping\0"u8) >= 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>One message: 16 bytes, in which the lengths of the rest are, the fields of the header filled up to 8, and the body.</summary>
    private static ReadOnlySpan<byte> ReadAnswer(Socket socket, Span<byte> buffer)
    {
        var length = 0;
        var wanted = HeaderFields;
        while (length < wanted && length < buffer.Length)
        {
            var count = socket.Receive(buffer[length..]);
            if (count == 0)
            {
                break;
            }

            length += count;
            if (length >= HeaderFields)
            {
                wanted = HeaderFields + Aligned(BinaryPrimitives.ReadInt32LittleEndian(buffer[12..]), 8) + BinaryPrimitives.ReadInt32LittleEndian(buffer[4..]);
            }
        }

        return buffer[..length];
    }

    /// <summary>org.freedesktop.DBus.Properties.Get of the manager's SystemState.</summary>
    internal static byte[] Question()
    {
        var body = new List<byte>();
        PutString(body, "org.freedesktop.systemd1.Manager");
        PutString(body, "SystemState");
        var fields = new List<byte>();
        PutField(fields, 1, 'o', "/org/freedesktop/systemd1");
        PutField(fields, 2, 's', "org.freedesktop.DBus.Properties");
        PutField(fields, 3, 's', "Get");
        Pad(fields, 8);
        fields.AddRange([8, 1, (byte)'g', 0, 2, (byte)'s', (byte)'s', 0]);
        var message = new List<byte>([(byte)'l', 1, 0, 1]);
        PutNumber(message, body.Count);
        PutNumber(message, 1);
        PutNumber(message, fields.Count);
        message.AddRange(fields);
        Pad(message, 8);
        message.AddRange(body);
        return [.. message];
    }

    private static void PutField(List<byte> fields, byte code, char type, string value)
    {
        Pad(fields, 8);
        fields.AddRange([code, 1, (byte)type, 0]);
        PutString(fields, value);
    }

    private static void PutString(List<byte> bytes, string value)
    {
        Pad(bytes, 4);
        PutNumber(bytes, value.Length);
        bytes.AddRange(Encoding.ASCII.GetBytes(value));
        bytes.Add(0);
    }

    private static void PutNumber(List<byte> bytes, int number)
    {
        var value = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(value, number);
        bytes.AddRange(value);
    }

    private static void Pad(List<byte> bytes, int to)
    {
        while (bytes.Count % to != 0)
        {
            bytes.Add(0);
        }
    }

    private static int Aligned(int length, int to) => (length + to - 1) / to * to;
}

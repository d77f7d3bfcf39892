using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Kn.LoadBalancer.Tests;

/// <summary>What systemd is asked at a stop, by a stand-in for its socket.</summary>
public sealed class SystemStateTests : IDisposable
{
    /// <summary>A busy machine is no failure here.</summary>
    private const int Patience = 30_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("kn-state-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("stopping", true)]
    [InlineData("running", false)]
    [InlineData("degraded", false)]
    public async Task TheMachineGoes_WhenSystemdSaysSo(string state, bool expected)
    {
        var path = Path.Combine(_folder, "private");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var served = Task.Run(() => Serve(listener, state));
        Assert.Equal(expected, SystemState.IsStopping(path, Patience));
        await served;
    }

    [Fact]
    public void WithoutSystemd_NothingGoes() => Assert.False(SystemState.IsStopping(Path.Combine(_folder, "absent"), Patience));

    [Fact]
    public void TheQuestion_IsAWellFormedMessage()
    {
        var message = SystemState.Question();
        var body = BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(4));
        var fields = BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(12));
        Assert.Equal(message.Length, 16 + ((fields + 7) / 8 * 8) + body);
        var text = Encoding.ASCII.GetString(message);
        Assert.All((string[])["/org/freedesktop/systemd1\0", "org.freedesktop.DBus.Properties\0", "Get\0", "org.freedesktop.systemd1.Manager\0", "SystemState\0"], part => Assert.Contains(part, text, StringComparison.Ordinal));
    }

    private static void Serve(Socket listener, string state)
    {
        using var client = listener.Accept();
        var buffer = new byte[1024];
        var length = client.Receive(buffer);
        Assert.Equal("\0AUTH EXTERNAL 30\r\n", Encoding.ASCII.GetString(buffer, 0, length));
        client.Send("OK 0123456789abcdef\r\n"u8);
        var wanted = "BEGIN\r\n".Length + SystemState.Question().Length;
        for (length = 0; length < wanted;)
        {
            length += client.Receive(buffer.AsSpan(length));
        }

        // A method return: the serial that is answered (field 5, u), the signature (field 8, g), and a variant of a string; in two pieces.
        byte[] fields = [5, 1, (byte)'u', 0, 1, 0, 0, 0, 8, 1, (byte)'g', 0, 1, (byte)'v', 0, 0];
        byte[] body = [1, (byte)'s', 0, 0, (byte)state.Length, 0, 0, 0, .. Encoding.ASCII.GetBytes(state), 0];
        byte[] answer = [(byte)'l', 2, 1, 1, (byte)body.Length, 0, 0, 0, 9, 0, 0, 0, (byte)(fields.Length - 1), 0, 0, 0, .. fields, .. body];
        client.Send(answer.AsSpan(0, 20));
        client.Send(answer.AsSpan(20));
    }
}

using System.Net;
using System.Net.Sockets;
using Kn.Linux.Datagrams;
using Kn.Primitives;

namespace Kn.Linux.Tests.Datagrams;

/// <summary>Datagrams of loopback, received and answered by the batch.</summary>
public sealed class DatagramBatchTests : IDisposable
{
    private const int Longest = 100;
    private readonly UdpSocket _server;
    private readonly IPEndPoint _address;
    private readonly List<Socket> _clients = [];

    public DatagramBatchTests()
    {
        using var free = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        free.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _address = (IPEndPoint)free.LocalEndPoint!;
        free.Dispose();
        _server = UdpSocket.Bind(IpAddress.Loopback(IpFamily.V4), (ushort)_address.Port, 1 << 16);
    }

    public void Dispose()
    {
        _clients.ForEach(static client => client.Dispose());
        _server.Dispose();
    }

    /// <summary>Answers of every length up to the longest, some left out: each client gets its own.</summary>
    [Fact]
    public void EveryAnswer_GoesToWhoAsked_Whole()
    {
        using var batch = new DatagramBatch(8, Longest, Longest);
        for (byte number = 0; number < 40; number++)
        {
            Client().SendTo([number], _address);
        }

        for (var seen = 0; seen < 40;)
        {
            var received = batch.Receive(_server);
            for (var slot = 0; slot < received; slot++)
            {
                var number = batch.Request(slot)[0];
                var answer = batch.NextResponse[..LengthOf(number)];
                answer.Fill(number);
                if (IsAnswered(number))
                {
                    batch.Reply(slot, answer.Length);
                }
            }

            Assert.Equal(0, batch.Send(_server));
            seen += received;
        }

        var buffer = new byte[2 * Longest];
        for (byte number = 0; number < 40; number++)
        {
            if (IsAnswered(number))
            {
                Assert.Equal(LengthOf(number), _clients[number].Receive(buffer));
                Assert.All(buffer.Take(LengthOf(number)), value => Assert.Equal(number, value));
            }

            Assert.Equal(0, _clients[number].Available);
        }
    }

    [Fact]
    public void DatagramThatIsTooLong_IsTold_AndSpoilsNoOther()
    {
        using var batch = new DatagramBatch(4, Longest, Longest);
        Client().SendTo(new byte[Longest + 1], _address);
        Client().SendTo([7], _address);
        for (var seen = 0; seen < 2;)
        {
            var received = batch.Receive(_server);
            for (var slot = 0; slot < received; slot++)
            {
                Assert.Equal(batch.Request(slot).Length == Longest, batch.IsCut(slot));
            }

            seen += received;
        }
    }

    private static bool IsAnswered(byte number) => number % 3 != 1;

    private static int LengthOf(byte number) => number == 39 ? Longest : 1 + (number * 2);

    private Socket Client()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000 };
        _clients.Add(client);
        return client;
    }
}

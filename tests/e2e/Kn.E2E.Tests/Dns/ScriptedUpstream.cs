using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Linux.Namespaces;

namespace Kn.E2E.Tests.Dns;

/// <summary>A server that answers every name with its own address' last byte in 192.0.2.0/24, and misbehaves for names that say how in their first label.</summary>
internal sealed class ScriptedUpstream : IAsyncDisposable
{
    private const int HeaderSize = 12;
    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks = [];
    private readonly byte _number;

    private ScriptedUpstream(NetworkNamespace host, IPAddress address)
    {
        _number = address.GetAddressBytes()[^1];
        (_udp, _tcp) = host.Run(() => (new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp), new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)));
        _udp.Bind(new IPEndPoint(address, 53));
        _tcp.Bind(new IPEndPoint(address, 53));
        _tcp.Listen();
        _tasks.Add(ServeUdpAsync(address));
        _tasks.Add(ServeTcpAsync());
    }

    /// <summary>Starts one on an address that the host has.</summary>
    public static ScriptedUpstream Start(NetworkNamespace host, string address, bool misbehaves) => new(host, IPAddress.Parse(address)) { Misbehaves = misbehaves };

    /// <summary>Says nothing at all, to probes neither.</summary>
    public bool IsDead { get; set; }

    /// <summary>Does what names say; else it answers all of them truthfully.</summary>
    public bool Misbehaves { get; init; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await Task.WhenAll(_tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task ServeUdpAsync(IPAddress address)
    {
        var buffer = new byte[4096];
        while (!_stop.IsCancellationRequested)
        {
            var received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(address, 0), _stop.Token);
            var query = buffer[..received.ReceivedBytes];
            if (!IsDead)
            {
                _tasks.Add(AnswerAsync(query, received.RemoteEndPoint));
            }
        }
    }

    private async Task AnswerAsync(byte[] query, EndPoint client)
    {
        var manner = Misbehaves ? MannerOf(query) : "";
        if (manner == "slow")
        {
            await Task.Delay(TimeSpan.FromSeconds(2.5), _stop.Token);
        }

        foreach (var message in Messages(query, manner))
        {
            await _udp.SendToAsync(message, SocketFlags.None, client, _stop.Token);
        }
    }

    private IEnumerable<byte[]> Messages(byte[] query, string manner)
    {
        var truth = Respond(query, 0, [Address(_number)]);
        return manner switch
        {
            "silent" => [],
            "servfail" => [Respond(query, 2, [])],
            "garbage" => [[.. query[..2], 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0xC0, 12]],
            "otherid" => [WithOtherId(truth)],
            "otherquestion" => [OfOtherName(query)],
            "forged" => [WithOtherId(Respond(query, 0, [Address(66)])), WithOtherId(Respond(query, 3, [])), truth],
            "poison" => [Respond(query, 0, [Address(_number)], [Foreign("victim.example"), Foreign(DnsLab.Name("web"))])],
            "noedns" when query.Length > QuestionEnd(query) => [Respond(query, 1, [])],
            "cut" => [Cut(Respond(query, 0, []))],
            "brief" => [Respond(query, 0, [Address(_number, ttl: 1)])],
            _ => [truth],
        };
    }

    private async Task ServeTcpAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            using var connection = await _tcp.AcceptAsync(_stop.Token);
            using var stream = new NetworkStream(connection);
            var length = new byte[2];
            while (!IsDead && await stream.ReadAtLeastAsync(length, 2, throwOnEndOfStream: false, _stop.Token) == 2)
            {
                var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(query, _stop.Token);
                var answer = Respond(query, 0, [.. Enumerable.Range(1, 100).Select(number => Address((byte)number))]);
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
                await stream.WriteAsync((byte[])[.. length, .. answer], _stop.Token);
            }
        }
    }

    private static string MannerOf(byte[] query) => query[HeaderSize] == 0 ? "" : Encoding.ASCII.GetString(query, HeaderSize + 1, query[HeaderSize]).Split('-')[0].ToLowerInvariant();

    private static int QuestionEnd(byte[] query)
    {
        var end = HeaderSize;
        while (query[end] != 0)
        {
            end += query[end] + 1;
        }

        return end + 5;
    }

    /// <summary>Questions of other types than A have no answer.</summary>
    private static byte[] Respond(byte[] query, byte rcode, byte[][] answers, byte[][]? additionals = null)
    {
        var end = QuestionEnd(query);
        var records = query[end - 3] == 1 ? answers : [];
        additionals ??= [];
        return
        [
            .. query[..2], 0x81, (byte)(0x80 | rcode), 0, 1, 0, (byte)records.Length, 0, 0, 0, (byte)additionals.Length, .. query[HeaderSize..end],
            .. records.SelectMany(static record => record), .. additionals.SelectMany(static record => record),
        ];
    }

    private static byte[] Address(byte number, byte ttl = 30) => [0xC0, HeaderSize, 0, 1, 0, 1, 0, 0, 0, ttl, 0, 4, 192, 0, 2, number];

    private static byte[] Foreign(string name) => [.. WireName(name), 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 192, 0, 2, 66];

    private static byte[] WireName(string name) => [.. name.Split('.').SelectMany(static label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0];

    private static byte[] WithOtherId(byte[] message) => [(byte)~message[0], .. message[1..]];

    private static byte[] Cut(byte[] message) => [.. message[..2], (byte)(message[2] | 2), .. message[3..]];

    private static byte[] OfOtherName(byte[] query) =>
        Respond([.. query[..HeaderSize], .. WireName("victim.example"), .. query[(QuestionEnd(query) - 4)..]], 0, [Address(66)]);
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Kn.Dns.Wire;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>A server on loopback that answers as a test wants, by UDP and TCP on one port.</summary>
internal sealed class FakeUpstream : IAsyncDisposable
{
    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks = [];
    private int _connections;

    public FakeUpstream(IPAddress? address = null)
    {
        address ??= IPAddress.Loopback;
        _tcp = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _tcp.Bind(new IPEndPoint(address, 0));
        _tcp.Listen();
        Address = (IPEndPoint)_tcp.LocalEndPoint!;
        _udp = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _udp.Bind(Address);
        _tasks.Add(ServeUdpAsync());
        _tasks.Add(AcceptAsync());
    }

    public IPEndPoint Address { get; }

    /// <summary>What it sends for a query: nothing, one message, or several.</summary>
    public Func<byte[], DnsTransport, IReadOnlyList<byte[]>> Answers { get; set; } = static (_, _) => [];

    /// <summary>One message for each query but probes, which it answers always unless <see cref="Dead"/>.</summary>
    public Func<byte[], byte[]?> Answer
    {
        set => Answers = (query, _) => value(query) is { } answer ? [answer] : [];
    }

    /// <summary>Answers nothing at all, not even probes.</summary>
    public bool Dead { get; set; }

    /// <summary>Answers probes, while it is not <see cref="Dead"/>.</summary>
    public bool AnswersProbes { get; set; } = true;

    /// <summary>The queries that came, without probes.</summary>
    public ConcurrentQueue<byte[]> Queries { get; } = [];

    /// <summary>The ports that they came from, by UDP.</summary>
    public ConcurrentQueue<int> Ports { get; } = [];

    public int Connections => _connections;

    /// <summary>Closes TCP connections after each answer.</summary>
    public bool ClosesConnections { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await Task.WhenAll(_tasks);
    }

    private async Task ServeUdpAsync()
    {
        var buffer = new byte[65535];
        try
        {
            while (true)
            {
                var received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, Address, _stop.Token);
                var query = buffer[..received.ReceivedBytes];
                if (!IsProbe(query))
                {
                    Ports.Enqueue(((IPEndPoint)received.RemoteEndPoint).Port);
                }

                foreach (var answer in React(query, DnsTransport.Udp))
                {
                    await _udp.SendToAsync(answer, SocketFlags.None, received.RemoteEndPoint, _stop.Token);
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or SocketException)
        {
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _tcp.AcceptAsync(_stop.Token);
                Interlocked.Increment(ref _connections);
                _tasks.Add(ServeTcpAsync(client));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or SocketException)
        {
        }
    }

    private async Task ServeTcpAsync(Socket client)
    {
        await using var stream = new NetworkStream(client, ownsSocket: true);
        var prefix = new byte[2];
        try
        {
            while (true)
            {
                await stream.ReadExactlyAsync(prefix, _stop.Token);
                var query = new byte[(prefix[0] << 8) | prefix[1]];
                await stream.ReadExactlyAsync(query, _stop.Token);
                foreach (var answer in React(query, DnsTransport.Tcp))
                {
                    await stream.WriteAsync((byte[])[(byte)(answer.Length >> 8), (byte)answer.Length, .. answer], _stop.Token);
                }

                if (ClosesConnections)
                {
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or IOException)
        {
        }
    }

    private IReadOnlyList<byte[]> React(byte[] query, DnsTransport transport)
    {
        if (Dead)
        {
            return [];
        }

        if (IsProbe(query))
        {
            return AnswersProbes ? [UpstreamMessages.Respond(query, DnsRcode.NoError)] : [];
        }

        Queries.Enqueue(query);
        return Answers(query, transport);
    }

    /// <summary>The root's NS, or a loop probe's HINFO.</summary>
    private static bool IsProbe(byte[] query)
    {
        var name = DnsName.Measure(query.AsSpan(DnsHeader.Size));
        var type = (query[DnsHeader.Size + name] << 8) | query[DnsHeader.Size + name + 1];
        return (name == 1 && type == 2) || type == 13;
    }
}

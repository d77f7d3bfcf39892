using System.Net;
using System.Net.Sockets;
using Kn.Dns.Forwarding;
using Kn.Dns.Wire;
using Kn.Hosting.Metrics;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Dns.NetnsTests.Forwarding;

/// <summary>The forwarder behind the simplest of servers, for real clients and for real servers that forward to it. Time is real.</summary>
internal sealed class ForwardingServer : IAsyncDisposable
{
    private static readonly IpAddress Client = IpAddress.Loopback(IpFamily.V4);

    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks;
    private readonly DnsForwarder _forwarder;
    private int _queries;

    public ForwardingServer(DnsForwardOptions forward, DnsCacheOptions? cache = null, ILogger? logger = null, IPEndPoint? address = null)
    {
        _tcp.Bind(address ?? PeerServer.FreeAddress());
        _tcp.Listen();
        Address = (IPEndPoint)_tcp.LocalEndPoint!;
        _udp.Bind(Address);
        _forwarder = new DnsForwarder(forward, cache ?? new DnsCacheOptions(), Metrics, logger ?? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, new ForwarderSurroundings());
        _tasks = [_forwarder.RunAsync(_stop.Token), ServeUdpAsync(), ServeTcpAsync()];
    }

    public IPEndPoint Address { get; }

    public MetricRegistry Metrics { get; } = new();

    /// <summary>Queries that came.</summary>
    public int Queries => _queries;

    public static ForwardingServer To(params PeerServer[] upstreams) => new(new DnsForwardOptions
    {
        Upstreams = upstreams.Select(static upstream => upstream.Address.ToString()).ToValueList(),
        Policy = ForwardPolicy.Sequential,
    });

    /// <summary>The value of a metric as Prometheus reads it; 0 when it is not there.</summary>
    public double Metric(string line)
    {
        var text = Metrics.ToPrometheusText().Split('\n').FirstOrDefault(candidate => candidate.StartsWith(line + " ", StringComparison.Ordinal));
        return text is null ? 0 : double.Parse(text[(line.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await Task.WhenAll(_tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _forwarder.DisposeAsync();
    }

    private async Task ServeUdpAsync()
    {
        var buffer = new byte[65535];
        while (!_stop.IsCancellationRequested)
        {
            var received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, Address, _stop.Token);
            Answer(buffer.AsSpan(0, received.ReceivedBytes), DnsTransport.Udp, new Peer(answer => _udp.SendTo(answer, received.RemoteEndPoint)));
        }
    }

    private async Task ServeTcpAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var socket = await _tcp.AcceptAsync(_stop.Token);
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            var prefix = new byte[2];
            try
            {
                await stream.ReadExactlyAsync(prefix, _stop.Token);
                var query = new byte[(prefix[0] << 8) | prefix[1]];
                await stream.ReadExactlyAsync(query, _stop.Token);
                var answer = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
                Answer(query, DnsTransport.Tcp, new Peer(answer.SetResult));
                var message = await answer.Task.WaitAsync(_stop.Token);
                await stream.WriteAsync((byte[])[(byte)(message.Length >> 8), (byte)message.Length, .. message], _stop.Token);
            }
            catch (IOException)
            {
                // The client is gone.
            }
        }
    }

    private void Answer(ReadOnlySpan<byte> message, DnsTransport transport, Peer peer)
    {
        Interlocked.Increment(ref _queries);
        if (DnsQuery.Read(message, Client, transport, out var query) != QueryFault.None)
        {
            return;
        }

        var response = new byte[query.ResponseLimit];
        var length = _forwarder.AnswerFromCache(query, response);
        if (length > 0)
        {
            peer.Reply(response.AsSpan(0, length));
        }
        else
        {
            _forwarder.Forward(query, peer);
        }
    }

    private sealed class Peer(Action<byte[]> send) : IReplyTo
    {
        public void Reply(ReadOnlySpan<byte> response)
        {
            try
            {
                send(response.ToArray());
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The client, or the test, is gone.
            }
        }
    }
}

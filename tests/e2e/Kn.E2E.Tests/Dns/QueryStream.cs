using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Linux.Namespaces;

namespace Kn.E2E.Tests.Dns;

/// <summary>Clients that ask for one name without a pause and never ask twice: a query that is lost stays lost, and is a failure.</summary>
internal sealed class QueryStream : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(1);

    private readonly NetworkNamespace _inside;
    private readonly IPEndPoint _server;
    private readonly byte[] _query;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _clients = [];
    private readonly Lock _lock = new();
    private TaskCompletionSource? _paused;
    private long _answers;
    private int _asking;

    /// <summary>Begins to ask.</summary>
    /// <param name="inside">Where the clients are.</param>
    /// <param name="server">Whom they ask.</param>
    /// <param name="name">What they ask for: its addresses of the family IPv4, which must exist.</param>
    /// <param name="udp">Clients that ask by UDP, each from one port.</param>
    /// <param name="tcp">Clients that make a connection for each query.</param>
    public QueryStream(NetworkNamespace inside, string server, string name, int udp, int tcp)
    {
        _inside = inside;
        _server = new IPEndPoint(IPAddress.Parse(server), 53);
        _query = Query(name);
        _clients.AddRange(Enumerable.Range(0, udp).Select(_ => Task.Run(AskByUdpAsync)));
        _clients.AddRange(Enumerable.Range(0, tcp).Select(_ => Task.Run(() => RepeatAsync(AskByTcpAsync))));
    }

    /// <summary>Queries that had a good answer.</summary>
    public long Answers => Interlocked.Read(ref _answers);

    /// <summary>Queries that had none, or a bad one.</summary>
    public ConcurrentQueue<string> Failures { get; } = [];

    /// <summary>Waits until so many more are answered.</summary>
    public async Task AwaitMoreAsync(long count)
    {
        var goal = Answers + count;
        await Framework.LabFixture.UntilAsync($"{count} more answers", () => Task.FromResult(Answers >= goal || !Failures.IsEmpty), seconds: 60);
        Assert.Empty(Failures);
    }

    /// <summary>Has every client wait before its next query; returns when none is under way.</summary>
    public async Task PauseAsync()
    {
        lock (_lock)
        {
            _paused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        await Framework.LabFixture.UntilAsync("no query is under way", () => Task.FromResult(Volatile.Read(ref _asking) == 0));
    }

    /// <summary>Goes on.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            _paused?.TrySetResult();
            _paused = null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Resume();
        await Task.WhenAll(_clients);
        _stop.Dispose();
    }

    private static byte[] Query(string name)
    {
        var message = new List<byte> { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
        foreach (var label in name.Split('.'))
        {
            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }

        message.AddRange([0, 0, 1, 0, 1]);
        return [.. message];
    }

    private async Task AskByUdpAsync()
    {
        using var socket = _inside.Run(() => new Socket(_server.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        await socket.ConnectAsync(_server);
        await RepeatAsync(async (query, cancellationToken) =>
        {
            var response = new byte[1500];
            await socket.SendAsync(query, SocketFlags.None, cancellationToken);
            return response[..await socket.ReceiveAsync(response, SocketFlags.None, cancellationToken)];
        });
    }

    private async Task<byte[]> AskByTcpAsync(byte[] query, CancellationToken cancellationToken)
    {
        using var socket = _inside.Run(() => new Socket(_server.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        await socket.ConnectAsync(_server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync((byte[])[(byte)(query.Length >> 8), (byte)query.Length, .. query], cancellationToken);
        var prefix = new byte[2];
        await stream.ReadExactlyAsync(prefix, cancellationToken);
        var response = new byte[(prefix[0] << 8) | prefix[1]];
        await stream.ReadExactlyAsync(response, cancellationToken);
        return response;
    }

    private async Task RepeatAsync(Func<byte[], CancellationToken, Task<byte[]>> askAsync)
    {
        for (ushort id = 1; !_stop.IsCancellationRequested; id++)
        {
            await EnterAsync();
            try
            {
                await AskOnceAsync(id, askAsync);
            }
            finally
            {
                Interlocked.Decrement(ref _asking);
            }

            await Task.Delay(Rest);
        }
    }

    private async Task EnterAsync()
    {
        while (true)
        {
            Task waiting;
            lock (_lock)
            {
                if (_paused is null)
                {
                    _asking++;
                    return;
                }

                waiting = _paused.Task;
            }

            await waiting;
        }
    }

    private async Task AskOnceAsync(ushort id, Func<byte[], CancellationToken, Task<byte[]>> askAsync)
    {
        using var deadline = new CancellationTokenSource(Patience);
        byte[] query = [(byte)(id >> 8), (byte)id, .. _query[2..]];
        try
        {
            var response = await askAsync(query, deadline.Token);

            // The same id, an answer (QR), NOERROR, records.
            if (response is [var high, var low, >= 0x80, var flags, _, _, _, > 0, ..] && high == query[0] && low == query[1] && (flags & 15) == 0)
            {
                Interlocked.Increment(ref _answers);
                return;
            }

            Failures.Enqueue($"query {id}: {Convert.ToHexString(response)}");
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or IOException)
        {
            Failures.Enqueue($"query {id}: {exception.Message}");
        }
    }
}

using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Hosting.Tests;

#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class ControlSocketTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-hosting-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly MetricRegistry _metrics = new();
    private readonly ControlHandlers _handlers = new();
    private ControlServer? _server;
    private Task _run = Task.CompletedTask;

    private string SocketPath => Path.Combine(_directory, "run", "kn.sock");

    public Task InitializeAsync()
    {
        _handlers.Set("echo", static (request, _) => Task.FromResult(new ControlResponse(request.Arguments.Count, request.Body)));
        _handlers.Set("fail", static (_, _) => throw new InvalidDataException("as asked"));
        _server = new ControlServer(SocketPath, _handlers, _metrics, NullLoggerFactory.Instance, TimeProvider.System);
        _run = _server.RunAsync(_stop.Token);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.WaitAsync(TestContexts.Deadline);
        _server!.Dispose();
        Assert.False(File.Exists(SocketPath));
        Directory.Delete(_directory, recursive: true);
        _stop.Dispose();
    }

    [Fact]
    public void Socket_IsForRootAlone() =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(70_000)]
    [InlineData(5_000_000)]
    public void Bodies_ComeBack(int length)
    {
        var body = new byte[length];
        new Random(length).NextBytes(body);
        var answer = Ask("echo", body, ("CNI_COMMAND", "ADD"), ("å", ""));
        Assert.Equal(2, answer.ExitCode);
        Assert.Equal(body, answer.Body.ToArray());
    }

    [Fact]
    public void UnknownVerb_AndFailingHandler_AreAnswered()
    {
        Assert.Equal(ControlProtocol.NoHandler, Ask("nothing", []).ExitCode);
        var failed = Ask("fail", []);
        Assert.Equal((ControlProtocol.HandlerFailed, "as asked"), (failed.ExitCode, Encoding.UTF8.GetString(failed.Body.Span)));
    }

    [Fact]
    public async Task ManyCallsAtOnce_AreAllAnswered()
    {
        // Each caller is a process of its own in life: here a thread of its own, so that waiting callers take no pool thread from the server.
        var calls = Enumerable.Range(0, 200).Select(number => Task.Factory.StartNew(
            () => Ask("echo", BitConverter.GetBytes(number)), default, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        var answers = await Task.WhenAll(calls);
        Assert.Equal(Enumerable.Range(0, 200), answers.Select(static answer => BitConverter.ToInt32(answer.Body.Span)));
    }

    [Fact]
    public async Task CallerThatHangsUp_CancelsItsHandler()
    {
        var cancelled = new TaskCompletionSource();
        var entered = new TaskCompletionSource();
        _handlers.Set("wait", async (_, token) =>
        {
            entered.SetResult();
            await using var registration = token.Register(cancelled.SetResult);
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return new ControlResponse(0, default);
        });
        using (var socket = Connect())
        {
            socket.Send(ControlFrame.EncodeRequest(Request("wait", [])));
            await entered.Task.WaitAsync(TestContexts.Deadline);
        }

        await cancelled.Task.WaitAsync(TestContexts.Deadline);
    }

    [Fact]
    public async Task Garbage_IsClosedAndCounted_AndTheServerGoesOn()
    {
        var random = new Random(20261121);
        var good = ControlFrame.EncodeRequest(Request("echo", [1, 2, 3], ("a", "b")));
        var sent = 0;
        for (var round = 0; round < 60; round++)
        {
            var bytes = round % 2 == 0 ? good[..random.Next(1, good.Length)] : Noise(random);
            using var socket = Connect();
            socket.Send(bytes);
            socket.Shutdown(SocketShutdown.Send);
            ReadToEnd(socket);
            sent++;
        }

        await TestContexts.UntilAsync(() => _metrics.ToPrometheusText().Contains($"kn_control_garbage_total {sent}\n", StringComparison.Ordinal), "all garbage is counted");
        Assert.Equal(0, Ask("echo", []).ExitCode);
    }

    [Fact]
    public void Decoder_RefusesEveryTruncationAndSurvivesNoise()
    {
        var frame = ControlFrame.EncodeRequest(Request("echo", [], ("name", "value"))).AsMemory(ControlProtocol.PrefixBytes);
        for (var length = 0; length < frame.Length; length++)
        {
            Assert.Throws<WireFormatException>(() => ControlFrame.DecodeRequest(frame[..length]));
        }

        var random = new Random(7);
        for (var round = 0; round < 20_000; round++)
        {
            var noise = frame.ToArray();
            noise[random.Next(noise.Length)] = (byte)random.Next(256);
            noise[random.Next(noise.Length)] = (byte)random.Next(256);
            try
            {
                ControlFrame.DecodeRequest(noise);
            }
            catch (WireFormatException)
            {
            }
        }
    }

    [Fact]
    public void StaleSocket_IsReplaced_AndTheLockIsExclusive()
    {
        var run = Path.Combine(_directory, "other");
        using (var first = AgentLock.TryTake(run))
        {
            Assert.NotNull(first);
            Assert.Null(AgentLock.TryTake(run));
        }

        var path = Path.Combine(run, "kn.sock");
        using (var stale = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            stale.Bind(new UnixDomainSocketEndPoint(path));
        }

        File.WriteAllText(path + ".touch", "");
        using var again = AgentLock.TryTake(run);
        Assert.NotNull(again);
        using var server = new ControlServer(path, _handlers, _metrics, NullLoggerFactory.Instance, TimeProvider.System);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
    }

    [Fact]
    public void Pieces_ComeAsTheyAre_AndThenTheAnswer()
    {
        _handlers.Set("stream", static (_, _) => Task.FromResult(new ControlResponse(7, new byte[] { 9 }) { Pieces = Pieces([], [1], new byte[100_000]) }));
        var lengths = new List<int>();
        var answer = ControlClient.Listen(SocketPath, Request("stream", []), TestContexts.Deadline, piece => lengths.Add(piece.Length), default);
        Assert.Equal([0, 1, 100_000], lengths);
        Assert.Equal((7, 9), (answer.ExitCode, answer.Body.Span[0]));
    }

    [Fact]
    public void PiecesThatFail_EndInTheFault()
    {
        _handlers.Set("stream", static (_, _) => Task.FromResult(new ControlResponse(0, default) { Pieces = Pieces([1], null!) }));
        var pieces = 0;
        var answer = ControlClient.Listen(SocketPath, Request("stream", []), TestContexts.Deadline, _ => pieces++, default);
        Assert.Equal((1, ControlProtocol.HandlerFailed), (pieces, answer.ExitCode));
    }

    [Fact]
    public async Task ListenerThatHangsUp_EndsThePieces()
    {
        var ended = new TaskCompletionSource();
        _handlers.Set("stream", (_, _) => Task.FromResult(new ControlResponse(0, default) { Pieces = Endless(ended, CancellationToken.None) }));
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => ControlClient.Listen(SocketPath, Request("stream", []), TestContexts.Deadline, _ => stop.Cancel(), stop.Token));
        await ended.Task.WaitAsync(TestContexts.Deadline);
    }

    [Fact]
    public async Task AgentThatStops_EndsThePieces_AndIsTold()
    {
        var ended = new TaskCompletionSource();
        _handlers.Set("stream", (_, _) => Task.FromResult(new ControlResponse(0, default) { Pieces = Endless(ended, CancellationToken.None) }));
        var told = Assert.Throws<ControlException>(() => ControlClient.Listen(SocketPath, Request("stream", []), TestContexts.Deadline, _ => _stop.Cancel(), default));
        Assert.Equal("the agent has ended", told.Message);
        await ended.Task.WaitAsync(TestContexts.Deadline);
    }

    [Fact]
    public void NoAgent_IsTold() =>
        Assert.Throws<ControlException>(() => ControlClient.Send(Path.Combine(_directory, "none.sock"), Request("echo", []), TestContexts.Deadline));

    /// <summary>A reset is an end too: the kernel sends it when the server closes before it has read everything.</summary>
    private static void ReadToEnd(Socket socket)
    {
        var buffer = new byte[64];
        try
        {
            while (socket.Receive(buffer) > 0)
            {
            }
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Pieces(params byte[][] pieces)
    {
        foreach (var piece in pieces)
        {
            await Task.Yield();
            yield return piece ?? throw new InvalidDataException("as asked");
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Endless(TaskCompletionSource ended, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            yield return ReadOnlyMemory<byte>.Empty;
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        finally
        {
            ended.SetResult();
        }
    }

    private static byte[] Noise(Random random)
    {
        var bytes = new byte[random.Next(4, 200)];
        random.NextBytes(bytes);
        // Half of it claims a length that it then does not have.
        if (random.Next(2) == 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)random.Next(bytes.Length, 2 * ControlProtocol.LargestBytes));
        }

        return bytes;
    }

    private static ControlRequest Request(string verb, byte[] body, params (string Name, string Value)[] arguments) =>
        new(verb, arguments.ToDictionary(static pair => pair.Name, static pair => pair.Value), body);

    private ControlResponse Ask(string verb, byte[] body, params (string, string)[] arguments) =>
        ControlClient.Send(SocketPath, Request(verb, body, arguments), TestContexts.Deadline);

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
        return socket;
    }
}

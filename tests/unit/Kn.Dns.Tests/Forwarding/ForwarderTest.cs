using System.Diagnostics;
using Kn.Dns.Forwarding;
using Kn.Dns.Tests.Wire;
using Kn.Dns.Wire;
using Kn.Hosting.Metrics;
using Kn.Primitives;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>A forwarder under test, with a clock that stands still and clients that wait.</summary>
internal sealed class ForwarderTest : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public ForwarderTest(DnsForwardOptions forward, DnsCacheOptions? cache = null, ForwarderSurroundings? surroundings = null, ILogger? logger = null)
    {
        Forwarder = new DnsForwarder(forward, cache ?? new DnsCacheOptions(), Registry, logger ?? NullLogger.Instance, (surroundings ?? new ForwarderSurroundings()) with { Time = Time });
    }

    public SteppedTime Time { get; } = new();

    public MetricRegistry Registry { get; } = new();

    public DnsForwarder Forwarder { get; }

    /// <summary>One with these upstreams, asked in their order.</summary>
    public static async Task<ForwarderTest> OfAsync(params FakeUpstream[] upstreams)
    {
        var test = new ForwarderTest(OptionsOf(upstreams));
        await test.Forwarder.LoadAsync(CancellationToken.None);
        return test;
    }

    public static DnsForwardOptions OptionsOf(params FakeUpstream[] upstreams) => new()
    {
        Upstreams = upstreams.Select(static upstream => upstream.Address.ToString()).ToValueList(),
        Policy = ForwardPolicy.Sequential,
    };

    /// <summary>Follows resolv.conf and looks for loops, until the end.</summary>
    public void Run() => _running = Forwarder.RunAsync(_stop.Token);

    /// <summary>Asks as the server does: the cache first, then upstreams.</summary>
    public Pending Ask(string name, DnsType type = DnsType.A, DnsTransport transport = DnsTransport.Udp, Edns? edns = null, DnsFlags flags = DnsFlags.RecursionDesired, ushort id = 0x1234) =>
        Ask(Messages.Query(name, type, id, edns, flags: flags), transport);

    public Pending Ask(byte[] message, DnsTransport transport = DnsTransport.Udp, IpAddress? client = null)
    {
        var pending = new Pending();
        Assert.Equal(QueryFault.None, DnsQuery.Read(message, client ?? Messages.Client, transport, out var query));
        var response = new byte[query.ResponseLimit];
        var length = Forwarder.AnswerFromCache(query, response);
        if (length > 0)
        {
            pending.FromCache = true;
            pending.Reply(response.AsSpan(0, length));
        }
        else
        {
            Forwarder.Forward(query, pending);
        }

        return pending;
    }

    /// <summary>Asks, and waits for the answer.</summary>
    public async Task<Response> AnswerAsync(string name, DnsType type = DnsType.A, DnsTransport transport = DnsTransport.Udp, Edns? edns = null, DnsFlags flags = DnsFlags.RecursionDesired) =>
        await Ask(name, type, transport, edns, flags).ResponseAsync();

    /// <summary>Moves the clock step by step until the answer is there.</summary>
    public async Task<Response> StepUntilAnsweredAsync(Pending pending, TimeSpan step, TimeSpan atMost)
    {
        for (var moved = TimeSpan.Zero; moved < atMost && !pending.IsAnswered; moved += step)
        {
            await SettleAsync(() => pending.IsAnswered || Time.IsAwaited(step));
            Time.Advance(step);
        }

        return await pending.ResponseAsync();
    }

    /// <summary>Waits, in real time, for a condition.</summary>
    public static async Task EventuallyAsync(Func<bool> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < Limit, $"not within {Limit}: {what}");
            await Task.Delay(1);
        }
    }

    /// <summary>The value of a metric as Prometheus reads it; 0 when it is not there.</summary>
    public double Metric(string line)
    {
        var text = Registry.ToPrometheusText().Split('\n').FirstOrDefault(candidate => candidate.StartsWith(line + " ", StringComparison.Ordinal));
        return text is null ? 0 : double.Parse(text[(line.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Forwarder.DisposeAsync();
    }

    /// <summary>Gives others a moment to reach their next wait; what does not, is moved past, and comes with the next step.</summary>
    private static async Task SettleAsync(Func<bool> condition)
    {
        for (var turn = 0; turn < 40 && !condition(); turn++)
        {
            await Task.Delay(1);
        }
    }

    /// <summary>A client.</summary>
    internal sealed class Pending : IReplyTo
    {
        private readonly TaskCompletionSource<byte[]> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool FromCache { get; set; }

        public bool IsAnswered => _answer.Task.IsCompleted;

        public void Reply(ReadOnlySpan<byte> response) => _answer.SetResult(response.ToArray());

        public Task<byte[]> MessageAsync() => _answer.Task.WaitAsync(Limit);

        public async Task<Response> ResponseAsync() => Messages.Parse(await MessageAsync());
    }
}

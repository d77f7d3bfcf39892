using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Kn.Dns.Forwarding.Caching;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>A server that is asked: how well it does, and its connections. Thread-safe.</summary>
/// <remarks>As with CoreDNS' forward, a failed question alone says nothing (a datagram may be lost): it starts probes in the background, and when
/// enough of them fail in a row the upstream is passed over until one succeeds.</remarks>
internal sealed class Upstream : IAsyncDisposable
{
    /// <summary>An upstream that seems not to know EDNS is asked without for so long.</summary>
    private static readonly TimeSpan WithoutEdnsFor = TimeSpan.FromMinutes(10);

    /// <summary>What is taken for the round trip of one that was not asked yet: so that it is, before those known to be slower.</summary>
    private const double UnknownMilliseconds = 1;

    /// <summary>Share of a new measurement in the smoothed round trip (RFC 6298 §2).</summary>
    private const double Alpha = 1.0 / 8;

    private readonly UpstreamContext _context;
    private readonly StreamExchange _stream;
    private readonly UpstreamMetrics _metrics;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private double _smoothed = UnknownMilliseconds;
    private bool _measured;
    private long _ednsAgainAt = long.MinValue;
    private int _failures;
    private bool _isProbing;
    private Task _probes = Task.CompletedTask;

    /// <summary>One that has not been asked yet.</summary>
    public Upstream(IPEndPoint address, UpstreamContext context)
    {
        Address = address;
        _context = context;
        _stream = new StreamExchange(context.Open, address, context.Time);
        _metrics = context.Metrics.Of(address.ToString());
    }

    /// <summary>Where it is.</summary>
    public IPEndPoint Address { get; }

    /// <summary>True when enough probes failed in a row.</summary>
    public bool IsDown => _context.Options.MaxFails > 0 && Volatile.Read(ref _failures) >= _context.Options.MaxFails;

    /// <summary>Its questions come back to us: it is not asked until they no longer do.</summary>
    public bool Loops { get; set; }

    /// <summary>The smoothed time to its answers, in milliseconds.</summary>
    public double SmoothedMilliseconds => Volatile.Read(ref _smoothed);

    /// <summary>Asks by UDP, then by TCP if the answer was cut, and without EDNS if it does not know that.</summary>
    /// <returns>An answer or its fault; null when there was none: not reachable, or cancelled. Says so in its own state.</returns>
    public async Task<UpstreamAnswer?> AskAsync(OutgoingQuery query, CancellationToken cancellationToken)
    {
        var started = _context.Time.GetTimestamp();
        _metrics.Requests.Increment();
        try
        {
            var answer = await ExchangeAsync(query, cancellationToken);
            var took = _context.Time.GetElapsedTime(started);
            if (answer.Fault != AnswerFault.None)
            {
                _context.Metrics.Ignored(answer.Fault);
                Fail($"it sends answers that cannot be used ({answer.Fault})");
                return answer;
            }

            Measure(took.TotalMilliseconds);
            _metrics.Answered(answer.Shape.Rcode, took);
            Volatile.Write(ref _failures, 0);
            return answer;
        }
        catch (OperationCanceledException)
        {
            // Somebody else was faster, or nobody answered in time: only what took long says something about this one.
            var waited = _context.Time.GetElapsedTime(started);
            if (waited >= _context.Options.Timeout)
            {
                Measure(Math.Max(waited.TotalMilliseconds, SmoothedMilliseconds));
                Fail("it does not answer");
            }

            return null;
        }
        catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException)
        {
            Measure(_context.Options.Timeout.TotalMilliseconds);
            Fail(exception.Message);
            return null;
        }
    }

    /// <summary>One question by UDP alone, whatever its answer: for probes.</summary>
    /// <exception cref="SocketException">Not reachable.</exception>
    public Task<UpstreamAnswer> ProbeAsync(OutgoingQuery query, CancellationToken cancellationToken) => _context.Options.ForceTcp
        ? _stream.AskAsync(query.Compose(edns: false), (query.QuestionLength, query.ExactCase), cancellationToken)
        : DatagramAsync(query.Compose(edns: false), query, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task probes;
        lock (_lock)
        {
            probes = _probes;
            _isProbing = true;
        }

        await probes;
        await _stream.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>The address and how it does, for <c>kn status</c>: <c>192.0.2.1:53 12 ms</c>.</summary>
    public string Describe() =>
        $"{Address} {(Loops ? "leads back here" : IsDown ? "down" : _measured ? string.Create(CultureInfo.InvariantCulture, $"{SmoothedMilliseconds:0.#} ms") : "not asked yet")}";

    /// <summary>The address, as the config has it.</summary>
    public override string ToString() => Address.ToString();

    private async Task<UpstreamAnswer> ExchangeAsync(OutgoingQuery query, CancellationToken cancellationToken)
    {
        var edns = _context.Time.GetTimestamp() >= Volatile.Read(ref _ednsAgainAt);
        var answer = await OnceAsync(query, edns, cancellationToken);
        if (edns && answer.DislikesEdns)
        {
            Volatile.Write(ref _ednsAgainAt, _context.Time.GetTimestamp() + (long)(WithoutEdnsFor.TotalSeconds * _context.Time.TimestampFrequency));
            answer = await OnceAsync(query, edns: false, cancellationToken);
        }

        return answer;
    }

    private async Task<UpstreamAnswer> OnceAsync(OutgoingQuery query, bool edns, CancellationToken cancellationToken)
    {
        var message = query.Compose(edns);
        if (!_context.Options.ForceTcp)
        {
            var answer = await DatagramAsync(message, query, cancellationToken);
            if (answer.Fault is not (AnswerFault.Truncated or AnswerFault.WrongCase))
            {
                return answer;
            }
        }

        // Nobody forges an answer into a TCP connection, so an upstream that changes the case is believed here.
        return await _stream.AskAsync(message, (query.QuestionLength, ExactCase: false), cancellationToken);
    }

    private Task<UpstreamAnswer> DatagramAsync(byte[] message, OutgoingQuery query, CancellationToken cancellationToken) => DatagramExchange.AskAsync(
        _context.Open, Address, message, (query.QuestionLength, query.ExactCase), _context.Metrics.Ignored, cancellationToken);

    private void Measure(double milliseconds)
    {
        lock (_lock)
        {
            _smoothed = _measured ? _smoothed + (Alpha * (milliseconds - _smoothed)) : milliseconds;
            _measured = true;
        }
    }

    private void Fail(string error)
    {
        lock (_lock)
        {
            if (_context.Options.MaxFails == 0 || _isProbing)
            {
                return;
            }

            _isProbing = true;
            _probes = ProbeUntilItAnswersAsync(error);
        }
    }

    private async Task ProbeUntilItAnswersAsync(string error)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var wasDown = false;
        try
        {
            while (await IsSilentAsync())
            {
                _metrics.HealthCheckFailures.Increment();
                Interlocked.Increment(ref _failures);
                if (IsDown && !wasDown)
                {
                    wasDown = true;
                    ForwardLog.UpstreamDown(_context.Logger, Address.ToString(), error);
                }

                await Task.Delay(_context.Options.HealthCheckInterval, _context.Time, _stop.Token);
            }

            Volatile.Write(ref _failures, 0);
            if (wasDown)
            {
                ForwardLog.UpstreamUp(_context.Logger, Address.ToString());
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        lock (_lock)
        {
            _isProbing = _stop.IsCancellationRequested;
        }
    }

    /// <summary>Asks for the root's name servers, as CoreDNS does, but for what the upstream has at hand (no RD): whoever answers, be it with a
    /// refusal, is there. With RD a resolver whose own way to the root is cut would seem dead, though it has zones of its own.</summary>
    private async Task<bool> IsSilentAsync()
    {
        using var timeout = new CancellationTokenSource(_context.Options.Timeout, _context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
        try
        {
            var query = new OutgoingQuery(RootServers, QuestionBits.None, _context.Options.EdnsSize, randomCase: false) { RecursionDesired = false };
            var answer = await ProbeAsync(query, either.Token);
            return answer.Fault is not (AnswerFault.None or AnswerFault.Truncated);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return true;
        }
        catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException)
        {
            return true;
        }
    }

    /// <summary>The root, NS, IN.</summary>
    private static ReadOnlySpan<byte> RootServers => [0, 0, 2, 0, 1];
}

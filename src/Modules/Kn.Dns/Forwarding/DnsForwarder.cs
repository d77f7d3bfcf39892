using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Forwarding.Upstreams;
using Kn.Dns.Wire;
using Kn.Hosting.Metrics;
using Microsoft.Extensions.Logging;

namespace Kn.Dns.Forwarding;

/// <summary>Answers names outside the cluster: from the cache, else by asking upstreams. docs/dns-forwarding.md says what a client sees when
/// these fail.</summary>
internal sealed class DnsForwarder : IForwarder, IAsyncDisposable
{
    /// <summary>With an ended answer at hand, clients wait no longer for a new one (RFC 8767 §5, client response timer).</summary>
    private static readonly TimeSpan StaleAnswerAfter = TimeSpan.FromSeconds(1.8);

    /// <summary>For so long an ended answer is given at once after upstreams failed (RFC 8767 §5, failure recheck timer).</summary>
    private static readonly TimeSpan RecheckAfter = TimeSpan.FromSeconds(30);

    /// <summary>Seconds for which it is remembered that nobody answered, so that a client's repetitions do not all go upstream; the least
    /// that RFC 9520 §3.2 allows, for the next try may succeed.</summary>
    private const int UnansweredSeconds = 1;

    private readonly UpstreamContext _context;
    private readonly DnsCacheOptions _cacheOptions;
    private readonly TtlLimits _limits;
    private readonly FlightTable _flights;
    private readonly UpstreamDirectory _directory;
    private readonly LoopWatch _loops;
    private readonly CancellationTokenSource _stop = new();
    private readonly Action<string> _tell;
    private readonly long _started;

    /// <summary>A forwarder that refuses to forward until <see cref="RunAsync"/> runs; its cache is empty.</summary>
    /// <param name="forward">Whom to ask, and how.</param>
    /// <param name="cache">What to keep.</param>
    /// <param name="metrics">Where to count.</param>
    /// <param name="logger">Where to tell.</param>
    /// <param name="surroundings">What is around it.</param>
    public DnsForwarder(DnsForwardOptions forward, DnsCacheOptions cache, MetricRegistry metrics, ILogger logger, ForwarderSurroundings surroundings)
    {
        _context = new UpstreamContext
        {
            Options = forward,
            Metrics = new ForwardMetrics(metrics),
            Logger = logger,
            Time = surroundings.Time,
            Open = surroundings.Open,
        };
        _cacheOptions = cache;
        _limits = TtlLimits.Of(cache);
        _flights = new FlightTable(forward.MaxConcurrent);
        _directory = new UpstreamDirectory(_context, surroundings.IsOwn);
        _loops = new LoopWatch(_context);
        _tell = surroundings.Tell;
        _started = _context.Time.GetTimestamp();
        Cache = new AnswerCache(cache.Size.Bytes);
        _context.Metrics.Watch(Cache);
    }

    /// <summary>What is kept.</summary>
    internal AnswerCache Cache { get; }

    /// <summary>Whom it asks for what.</summary>
    internal UpstreamRoutes Routes => _directory.Current;

    /// <summary>What it counts.</summary>
    internal ForwardMetrics Metrics => _context.Metrics;

    /// <inheritdoc/>
    public int AnswerFromCache(in DnsQuery query, Span<byte> response)
    {
        var key = QuestionKey.Of(query);
        var answer = Cache.Find(key);
        if (answer is null)
        {
            Metrics.Misses.Increment();
            return 0;
        }

        var now = Now;
        if (now >= answer.EndsAt)
        {
            return AnswerStale(answer, query, response, now);
        }

        answer.Touch();
        if (_cacheOptions.Prefetch && answer.TakeRefresh(now))
        {
            Prefetch(key, answer);
        }

        Metrics.Hit(answer.Kind);
        return AnswerWriter.Write(answer, query, response, now, answer.Kind == AnswerKind.Failure ? ExtendedError.CachedError : ExtendedError.None);
    }

    /// <inheritdoc/>
    public void Forward(in DnsQuery query, IReplyTo client)
    {
        var waiter = Waiter.Of(query, client);
        var key = QuestionKey.Of(query);
        if (_loops.Sees(query))
        {
            waiter.Reply(CachedAnswer.Error(key, DnsRcode.Refused, seconds: 0, Now), Now, ExtendedError.Other);
            return;
        }

        var group = Routes.Find(query.Name);
        var ended = Ended(key);
        if (group is null || group.AllLoop)
        {
            ReplyWithout(waiter, key, ended, group is null ? DnsRcode.ServerFailure : DnsRcode.Refused);
        }
        else if (!_flights.TryJoin(key, group, ended, waiter, out var flight))
        {
            Metrics.ConcurrencyRejects.Increment();
            ReplyWithout(waiter, key, ended, DnsRcode.ServerFailure);
        }
        else if (flight is null)
        {
            Metrics.Shared.Increment();
        }
        else
        {
            SendOff(flight);
        }
    }

    /// <summary>Nobody is asked: an ended answer is better than none.</summary>
    private void ReplyWithout(in Waiter waiter, in QuestionKey key, CachedAnswer? ended, DnsRcode rcode)
    {
        if (ended is not null)
        {
            Metrics.ServedStale.Increment();
            waiter.Reply(ended, Now, ErrorOfStale(ended));
        }
        else
        {
            waiter.Reply(CachedAnswer.Error(key, rcode, seconds: 0, Now), Now, rcode == DnsRcode.Refused ? ExtendedError.Other : ExtendedError.NotReady);
        }
    }

    /// <summary>Reads whom to ask, so that the first query can be forwarded; <see cref="RunAsync"/> does it, too.</summary>
    public Task LoadAsync(CancellationToken cancellationToken) => _directory.RefreshAsync(cancellationToken);

    /// <summary>Follows resolv.conf and looks for loops; when it ends, every client that waits gets an answer.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var loopCheck = new LoopSchedule(_context.Time);
            while (true)
            {
                var changed = await _directory.RefreshAsync(cancellationToken);
                _tell(string.Join(", ", Routes.Upstreams.Select(static upstream => upstream.Describe())));
                if (loopCheck.IsDue(changed, Routes))
                {
                    await Task.WhenAll(Routes.Upstreams.Select(upstream => _loops.ProbeAsync(upstream, cancellationToken)));
                }

                await Task.Delay(UpstreamDirectory.Interval, _context.Time, cancellationToken);
            }
        }
        finally
        {
            await _stop.CancelAsync();
            await _flights.CloseAsync();
        }
    }

    /// <summary>Begins nothing more, and waits a while for the answers to what is under way.</summary>
    public async Task FinishAsync(TimeSpan limit) => await _flights.CloseAsync().WaitAsync(limit, _context.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync();
        }

        await _flights.CloseAsync();
        await _directory.DisposeAsync();
        _stop.Dispose();
    }

    private long Now => (long)_context.Time.GetElapsedTime(_started).TotalMilliseconds;

    private int AnswerStale(CachedAnswer answer, in DnsQuery query, Span<byte> response, long now)
    {
        if (!answer.IsExtended(now) || !IsServable(answer, now))
        {
            Metrics.Misses.Increment();
            return 0;
        }

        answer.Touch();
        Metrics.ServedStale.Increment();
        return AnswerWriter.Write(answer, query, response, now, ErrorOfStale(answer));
    }

    private static ExtendedError ErrorOfStale(CachedAnswer answer) => answer.Rcode == DnsRcode.NameError ? ExtendedError.StaleNameError : ExtendedError.StaleAnswer;

    /// <summary>An answer of before that may be given again; a failure is none.</summary>
    private bool IsServable(CachedAnswer answer, long now) => _cacheOptions.ServeStale
        && answer.Kind is AnswerKind.Positive or AnswerKind.Negative
        && now < answer.EndsAt + (long)_cacheOptions.MaxStale.TotalMilliseconds;

    private CachedAnswer? Ended(in QuestionKey key) => Cache.Find(key) is { } answer && IsServable(answer, Now) ? answer : null;

    private void Prefetch(in QuestionKey key, CachedAnswer answer)
    {
        if (Routes.Find(key.Name) is { AllLoop: false } group && _flights.TryJoin(key, group, answer, waiter: null, out var flight) && flight is not null)
        {
            Metrics.Prefetches.Increment();
            SendOff(flight);
        }
    }

    private void SendOff(Flight flight)
    {
        Metrics.Waiting.Set(_flights.Count);
        ThreadPool.UnsafeQueueUserWorkItem(static flown => _ = flown.Forwarder.FlyAsync(flown.Flight), (Forwarder: this, Flight: flight), preferLocal: false);
    }

    /// <summary>The flight's own boundary: whatever happens, it lands and its clients are answered.</summary>
    private async Task FlyAsync(Flight flight)
    {
        CachedAnswer? answer = null;
        var error = ExtendedError.NoReachableAuthority;
        try
        {
            (answer, error) = await AskAsync(flight);
        }
#pragma warning disable CA1031 // A question of one client must not end the process, nor leave others waiting for ever; it is logged and counted.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            ForwardLog.Fault(_context.Logger, exception);
        }

        answer ??= CachedAnswer.Error(QuestionKey.Of(flight.Question, flight.Bits), DnsRcode.ServerFailure, UnansweredSeconds, Now);
        if (answer.IsCacheable && !ReferenceEquals(answer, flight.Ended))
        {
            Cache.Store(answer);
        }

        ReplyAll(_flights.Land(flight), answer, error);
        Metrics.Waiting.Set(_flights.Count);
    }

    private async Task<(CachedAnswer? Answer, ExtendedError Error)> AskAsync(Flight flight)
    {
        var order = flight.Group.Order();
        var allDown = flight.Group.AllDown;
        if (allDown)
        {
            Metrics.HealthCheckBroken.Increment();
        }

        var query = new OutgoingQuery(flight.Question, flight.Bits, _context.Options.EdnsSize, _context.Options.RandomCase);
        var asking = new HedgedQuestion(_context, query, order).AskAsync(_stop.Token);
        if (flight.Ended is { } ended && Now >= ended.EndsAt)
        {
            await GiveStaleMeanwhileAsync(flight, ended, asking, allDown ? TimeSpan.Zero : StaleAnswerAfter);
        }

        return Choose(flight, await asking);
    }

    /// <summary>Clients that have waited long enough get the ended answer while the question goes on; who asks later gets it from the cache.</summary>
    private async Task GiveStaleMeanwhileAsync(Flight flight, CachedAnswer ended, Task asking, TimeSpan patience)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var timer = patience == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(patience, _context.Time, stop.Token);
        await Task.WhenAny(asking, timer);
        if (!asking.IsCompleted)
        {
            ended.ExtendStale(Now + (long)RecheckAfter.TotalMilliseconds);
            ReplyAll(_flights.TakeWaiters(flight), ended, ErrorOfStale(ended));
        }

        await stop.CancelAsync();
        await timer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>What clients get: the answer; an ended one where upstreams gave none or said that they cannot; else what they said.</summary>
    private (CachedAnswer? Answer, ExtendedError Error) Choose(Flight flight, UpstreamAnswer? answer)
    {
        if (answer is not { IsUsable: true } && flight.Ended is { } ended)
        {
            ended.ExtendStale(Now + (long)RecheckAfter.TotalMilliseconds);
            return (ended, Now >= ended.EndsAt ? ErrorOfStale(ended) : ExtendedError.None);
        }

        if (answer is null)
        {
            return (null, ExtendedError.NoReachableAuthority);
        }

        var kept = CachedAnswer.Of(answer.Message, answer.Shape, QuestionKey.Of(flight.Question, flight.Bits), _limits, Now);
        return (kept, ExtendedError.None);
    }

    private void ReplyAll(List<Waiter> waiters, CachedAnswer answer, ExtendedError error)
    {
        foreach (var waiter in waiters)
        {
            if (error is ExtendedError.StaleAnswer or ExtendedError.StaleNameError)
            {
                Metrics.ServedStale.Increment();
            }

            waiter.Reply(answer, Now, error);
        }
    }
}

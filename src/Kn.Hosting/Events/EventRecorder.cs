using System.Threading.Channels;
using Kn.Hosting.Metrics;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Kubeconfigs;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Events;

/// <summary>Writes Events to the API server in the background: the same thing again within a few minutes is one Event that counts, all of them
/// together stay below a rate, and memory is bounded. Thread-safe.</summary>
public sealed class EventRecorder : IEventRecorder
{
    /// <summary>The same thing after this long is a new Event.</summary>
    public static readonly TimeSpan SeriesEnd = TimeSpan.FromMinutes(10);

    /// <summary>How often an Event that counts is written again at most.</summary>
    public static readonly TimeSpan SeriesSpacing = TimeSpan.FromSeconds(30);

    /// <summary>Series that are known at once; more than a node in trouble has objects with something to tell.</summary>
    private const int MaxSeries = 512;

    /// <summary>New Events at once, and then a second each: a loop of failures must not become a flood of writes from every node.</summary>
    private const int Burst = 50;

    private static readonly TimeSpan Refill = TimeSpan.FromSeconds(1);

    private readonly string _node;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Counter _sent;
    private readonly Counter _dropped;
    private readonly Lock _lock = new();
    private readonly Dictionary<ClusterEvent, Series> _series = [];
    private readonly Channel<Series> _new = Channel.CreateBounded<Series>(MaxSeries);
    private double _tokens = Burst;
    private long _tokensAt;
    private bool _refused;

    /// <summary>A recorder that keeps what it is told until <see cref="RunAsync"/> writes it.</summary>
    /// <param name="node">This node's name.</param>
    /// <param name="metrics">For <c>kn_events_*</c>.</param>
    /// <param name="loggers">For the logger <c>events</c>.</param>
    /// <param name="time">The clock.</param>
    public EventRecorder(string node, MetricRegistry metrics, ILoggerFactory loggers, TimeProvider time)
    {
        _node = node;
        _time = time;
        _logger = loggers.CreateLogger("events");
        _sent = metrics.Counter("kn_events_sent_total", "Events written to the API server, repetitions included.");
        _dropped = metrics.Counter("kn_events_dropped_total", "Events that were not written: too many at once, or refused by the API server.");
        _tokensAt = time.GetTimestamp();
    }

    /// <inheritdoc/>
    public void Record(ClusterEvent item)
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            if (_series.TryGetValue(item, out var series) && now - series.Last < SeriesEnd)
            {
                series.Count++;
                series.Last = now;
                return;
            }

            series = new Series(item, EventJson.NameOf(item, now), now);
            if (!TryTakeToken() || (_series.Count >= MaxSeries && !_series.ContainsKey(item)) || !_new.Writer.TryWrite(series))
            {
                _dropped.Increment();
                return;
            }

            _series[item] = series;
        }
    }

    /// <summary>Writes until cancelled.</summary>
    /// <param name="client">The API server; null while there is none.</param>
    /// <param name="cancellationToken">Stops it; what is not written is lost.</param>
    public async Task RunAsync(Func<ApiClient?> client, CancellationToken cancellationToken)
    {
        // Off the path to a programmed kernel.
        await Task.Yield();
        await Task.WhenAll(WriteNewAsync(client, cancellationToken), WriteRepeatedAsync(client, cancellationToken));
    }

    private async Task WriteNewAsync(Func<ApiClient?> client, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        await foreach (var series in _new.Reader.ReadAllAsync(cancellationToken))
        {
            while (!await TryWriteAsync(client(), series, cancellationToken))
            {
                await Task.Delay(backoff.Next(), _time, cancellationToken);
            }

            backoff.Reset();
        }
    }

    private async Task WriteRepeatedAsync(Func<ApiClient?> client, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(SeriesSpacing, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            foreach (var series in TakeRepeated())
            {
                // One that fails keeps its count for the next round.
                await TryWriteAsync(client(), series, cancellationToken);
            }
        }
    }

    /// <summary>Those that happened again since they were written; those that have ended are forgotten.</summary>
    private List<Series> TakeRepeated()
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            foreach (var ended in _series.Values.Where(series => series.Count == series.WrittenCount && now - series.Last >= SeriesEnd).ToList())
            {
                _series.Remove(ended.Item);
            }

            return [.. _series.Values.Where(static series => series.WrittenCount > 0 && series.Count > series.WrittenCount)];
        }
    }

    /// <summary>False to try again.</summary>
    private async Task<bool> TryWriteAsync(ApiClient? client, Series series, CancellationToken cancellationToken)
    {
        EventSeries state;
        lock (_lock)
        {
            state = new EventSeries(series.First, series.Last, series.Count);
        }

        if (client is null)
        {
            return false;
        }

        try
        {
            await WriteAsync(client, series, state, cancellationToken);
        }
        catch (ApiException error) when (error.IsUnreachable || error.Status is 429 or >= 500)
        {
            return false;
        }
        catch (Exception error) when (error is ApiException or KubeconfigException)
        {
            Refused(series, error.Message);
            return true;
        }

        _sent.Increment();
        lock (_lock)
        {
            _refused = false;
            series.WrittenCount = state.Count;
        }

        return true;
    }

    private async Task WriteAsync(ApiClient client, Series series, EventSeries state, CancellationToken cancellationToken)
    {
        var path = EventJson.PathOf(series.Item);
        if (series.WrittenCount > 0)
        {
            try
            {
                await client.PatchAsync($"{path}/{series.Name}", ApiClient.MergePatch, EventJson.WriteAgain(state), cancellationToken);
                return;
            }
            catch (ApiException error) when (error.IsNotFound)
            {
                // The API server forgets Events after an hour.
            }
        }

        try
        {
            await client.CreateAsync(path, EventJson.Write(series.Item, series.Name, _node, state), cancellationToken);
        }
        catch (ApiException error) when (error.Status == 409)
        {
            // An earlier try got through, and its answer did not.
        }
    }

    private void Refused(Series series, string error)
    {
        _dropped.Increment();
        lock (_lock)
        {
            _series.Remove(series.Item);
            if (_refused)
            {
                return;
            }

            _refused = true;
        }

        EventLog.Refused(_logger, series.Item.Reason, series.Item.Regarding.Key.ToString(), error);
    }

    private bool TryTakeToken()
    {
        _tokens = Math.Min(Burst, _tokens + (_time.GetElapsedTime(_tokensAt) / Refill));
        _tokensAt = _time.GetTimestamp();
        if (_tokens < 1)
        {
            return false;
        }

        _tokens--;
        return true;
    }

    private sealed class Series(ClusterEvent item, string name, DateTimeOffset at)
    {
        public ClusterEvent Item => item;

        public string Name => name;

        public DateTimeOffset First { get; } = at;

        public DateTimeOffset Last { get; set; } = at;

        public int Count { get; set; } = 1;

        /// <summary>The count as the API server has it; 0 before it has the Event.</summary>
        public int WrittenCount { get; set; }
    }
}

using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Storage;
using Microsoft.Extensions.Logging;

namespace Kn.Kubernetes.Informers;

/// <summary>Keeps a cache equal to the API server, one watch for each kind that was asked for, and its copy on disk.</summary>
public sealed class ClusterInformers : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly TaskCompletionSource _unreachable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ApiClient _client;
    private readonly ClusterCache _cache;
    private readonly IReadOnlyList<WatchRequest> _requests;
    private readonly InformerContext _context;
    private long _savedVersion = -1;

    private ClusterInformers(
        ApiClient client, ClusterCache cache, IReadOnlyList<WatchRequest> requests, InformerContext context, CancellationToken cancellationToken)
    {
        _client = client;
        _cache = cache;
        _requests = requests;
        _context = context with { OnUnreachable = () => _unreachable.TrySetResult() };
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Completion = RunAllAsync();
    }

    /// <summary>Ends when the informers do: by cancellation, or by a fault that is not the API server's.</summary>
    public Task Completion { get; }

    /// <summary>Starts to watch the union of what was asked for, and nothing else.</summary>
    /// <param name="client">The API server. Stays the caller's to dispose, after this.</param>
    /// <param name="cache">The cache to fill. Its <see cref="ClusterCache.WhenSynced"/> says when it is complete.</param>
    /// <param name="requests">What the enabled modules need; the same kind may occur several times.</param>
    /// <param name="options">The pace, and where the snapshot file is.</param>
    /// <param name="log">Where to speak.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops everything.</param>
    public static ClusterInformers Start(
        ApiClient client,
        ClusterCache cache,
        IEnumerable<WatchRequest> requests,
        InformerOptions options,
        ILogger log,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var union = WatchUnion.Of(requests);
        cache.Watch(union.Select(static request => request.Kind));
        var context = new InformerContext(options, time, Random.Shared, log, new StringPool(), static () => { });
        return new ClusterInformers(client, cache, union, context, cancellationToken);
    }

    /// <summary>Stops, and writes the snapshot file if something changed since the last time.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Save();
        _stop.Dispose();
    }

    private async Task RunAllAsync()
    {
        var tasks = _requests.Select(request => StopOthersAsync(new Reflector(_client, _cache, request, _context).RunAsync)).ToList();
        tasks.Add(StopOthersAsync(RunSnapshotAsync));
        await Task.WhenAll(tasks);
    }

    // One that ends, by cancellation or by a fault, ends all: Completion must not wait for ever with a kind that nobody watches.
    private async Task StopOthersAsync(Func<CancellationToken, Task> run)
    {
        try
        {
            await Task.Yield();
            await run(_stop.Token);
        }
        finally
        {
            await _stop.CancelAsync();
        }
    }

    private async Task RunSnapshotAsync(CancellationToken cancellationToken)
    {
        if (_context.Options.SnapshotPath is not { } path)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _context.Time, cancellationToken);
            return;
        }

        await LoadIfAwayAsync(path, cancellationToken);
        using var timer = new PeriodicTimer(_context.Options.SnapshotInterval, _context.Time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            Save();
        }
    }

    private async Task LoadIfAwayAsync(string path, CancellationToken cancellationToken)
    {
        using var decided = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var grace = Task.Delay(_context.Options.SnapshotGrace, _context.Time, decided.Token);
        await Task.WhenAny(_cache.WhenSynced(decided.Token), _unreachable.Task, grace);
        await decided.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (_cache.IsSynced)
        {
            return;
        }

        try
        {
            var wanted = _requests.Select(static request => request.Kind).ToHashSet();
            if (SnapshotFile.Load(path, _client.Server.AbsoluteUri, _context.Strings) is { } saved
                && _cache.Load(saved.Snapshot, saved.Kinds.Where(wanted.Contains)) is { Count: > 0 } loaded)
            {
                _context.Log.SnapshotLoaded(path, loaded.Sum(kind => kind.CountIn(saved.Snapshot)));
            }
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            _context.Log.SnapshotIgnored(error.Message);
        }
    }

    private void Save()
    {
        var version = _cache.Version;
        if (_context.Options.SnapshotPath is not { } path || version == _savedVersion || _cache.Origin != CacheOrigin.Api)
        {
            return;
        }

        try
        {
            var count = SnapshotFile.Save(path, _client.Server.AbsoluteUri, _cache.Current, _requests.Select(static request => request.Kind));
            _savedVersion = version;
            _context.Log.SnapshotWritten(path, count);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _context.Log.SnapshotNotWritten(error.Message);
        }
    }
}

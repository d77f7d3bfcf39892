using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Kubeconfigs;
using Microsoft.Extensions.Logging;

namespace Kn.Kubernetes.Informers;

/// <summary>Keeps one kind of the cache equal to the API server: list, then watch from there, for ever.</summary>
/// <remarks>kubernetes.io/docs/reference/using-api/api-concepts, "Efficient detection of changes". The resourceVersion of the last
/// event or bookmark is where the next watch starts; a list happens only at the start and when that version is too old.</remarks>
internal sealed partial class Reflector
{
    // So many watches in a row that break at the same resourceVersion mean that the version itself is the trouble.
    private const int MostWatchesWithoutProgress = 4;
    private readonly ApiClient _client;
    private readonly ClusterCache _cache;
    private readonly WatchRequest _request;
    private readonly InformerContext _context;
    private readonly KindCounters _counters;
    private readonly Backoff _backoff;
    private string? _resourceVersion;
    private int _watchesWithoutProgress;
    private bool _hasListed;
    private bool _hasWatched;
    private bool _isLost;
    private bool _isMissing;

    public Reflector(ApiClient client, ClusterCache cache, WatchRequest request, InformerContext context)
    {
        _client = client;
        _cache = cache;
        _request = request;
        _context = context;
        _counters = cache.CountersOf(request.Kind);
        _backoff = new Backoff(context.Options.FirstBackoff, context.Options.LongestBackoff, context.Random);
    }

    private ResourceKind Kind => _request.Kind;

    private ILogger Log => _context.Log;

    /// <summary>Works until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var wait = await RunOnceAsync(cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, _context.Time, cancellationToken);
            }
        }
    }

    /// <summary>One list if needed, and one watch; returns how long to wait before the next.</summary>
    private async Task<TimeSpan> RunOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_resourceVersion is null)
            {
                await ListAsync(cancellationToken);
                Recovered();
            }

            return await WatchAsync(_resourceVersion ?? "", cancellationToken);
        }
        catch (ApiException error) when (error.IsExpired)
        {
            return Expired(error);
        }
        catch (ApiException error) when (error.IsNotFound && Kind.IsOptional)
        {
            return Missing();
        }
        catch (ApiException error)
        {
            var wait = Lost(error.Message);
            if (error.IsUnreachable)
            {
                _context.OnUnreachable();
            }

            return error.RetryAfter is { } asked && asked > wait ? asked : wait;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or KubeconfigException or InvalidDataException)
        {
            return Lost(error.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Lost("the server went silent");
        }
    }

    private TimeSpan Expired(ApiException error)
    {
        Log.Relisting(Kind.Name, error.Message);
        _resourceVersion = null;

        // The first time there is no wait; a server that answers 410 to everything is not hammered.
        var isFirst = _backoff.Failures == 0;
        var wait = _backoff.Next();
        return isFirst ? TimeSpan.Zero : wait;
    }

    private TimeSpan Missing()
    {
        if (!_isMissing)
        {
            _isMissing = true;
            Log.KindMissing(Kind.Name);
        }

        _cache.Replace(Kind, []);
        _resourceVersion = null;
        return _context.Options.MissingKindRetry;
    }

    private TimeSpan Lost(string problem)
    {
        if (!_isLost)
        {
            _isLost = true;
            Log.ApiLost(Kind.Name, problem);
        }

        _cache.SetProblem(Kind, problem);
        return _backoff.Next();
    }

    private void Recovered()
    {
        if (_isLost)
        {
            _isLost = false;
            Log.ApiBack(Kind.Name);
            _cache.SetProblem(Kind, null);
        }
    }

    private void Skip(ObjectDecodeException error)
    {
        _counters.CountDecodeError();
        Log.ObjectSkipped(error.Message);
    }

    private string Selector() =>
        _request.FieldSelector is { } selector ? "&fieldSelector=" + Uri.EscapeDataString(selector) : "";
}

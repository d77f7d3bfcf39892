using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Lab.Api;

/// <summary>A local copy of one collection, kept current by list and watch.</summary>
/// <remarks>After 410 Gone, an ERROR or a lost connection it lists again, with a jittered back-off, and reports the difference only.
/// Handlers run on the informer's own task, one at a time; objects that they get are shared and must not be changed.</remarks>
public sealed class Informer
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);
    private readonly ApiClient _client;
    private readonly string? _namespace;
    private readonly string? _selectors;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _resourceVersion = "";

    /// <summary>Makes an informer of a collection; a namespace or selectors ("fieldSelector=…") narrow it.</summary>
    public Informer(ApiClient client, ApiResource resource, string? @namespace = null, string? selectors = null, ILogger? logger = null, TimeProvider? time = null)
    {
        _client = client;
        Resource = resource;
        _namespace = @namespace;
        _selectors = selectors;
        _logger = logger ?? NullLogger.Instance;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>What is watched.</summary>
    public ApiResource Resource { get; }

    /// <summary>Called for every difference: the old object (null when new) and the new one (null when deleted). Set before <see cref="RunAsync"/>.</summary>
    public Action<JsonObject?, JsonObject?>? Changed { get; set; }

    /// <summary>Completes when the first list is in.</summary>
    public Task Synced => _synced.Task;

    /// <summary>What is there now; the order is not defined.</summary>
    public ICollection<JsonObject> Objects => _objects.Values;

    /// <summary>The object of a "namespace/name" (or "name") key, or null.</summary>
    public JsonObject? Find(string key) => _objects.GetValueOrDefault(key);

    /// <summary>Lists and watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await ListAsync(cancellationToken);
                delay = FirstDelay;
                await WatchUntilGoneAsync(cancellationToken);
            }
            catch (Exception trouble) when (IsTransient(trouble) && !cancellationToken.IsCancellationRequested)
            {
                ApiLog.InformerTrouble(_logger, Resource.Plural, trouble.Message);
                var jitter = 0.5 + Random.Shared.NextDouble();
                await Task.Delay(delay * jitter, _time, cancellationToken);
                delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
            }
        }
    }

    private static bool IsTransient(Exception trouble) =>
        trouble is ApiException or HttpRequestException or IOException or JsonException or OperationCanceledException;

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        var list = await _client.ListAsync(Resource, _namespace, _selectors, cancellationToken);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list.Items)
        {
            seen.Add(item.Key());
            Store(item);
        }

        foreach (var key in _objects.Keys.Where(key => !seen.Contains(key)).ToList())
        {
            Remove(key, null);
        }

        _resourceVersion = list.ResourceVersion;
        _synced.TrySetResult();
    }

    // The server ends a watch now and then; that is no error, the next one goes on from the last version.
    private async Task WatchUntilGoneAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await foreach (var change in _client.WatchAsync(Resource, _namespace, _resourceVersion, _selectors, cancellationToken))
            {
                switch (change.Type)
                {
                    case "ADDED" or "MODIFIED":
                        Store(change.Object);
                        break;
                    case "DELETED":
                        Remove(change.Object.Key(), change.Object);
                        break;
                }

                _resourceVersion = change.Object.ResourceVersion();
            }
        }
    }

    private void Store(JsonObject item)
    {
        var key = item.Key();
        var old = _objects.GetValueOrDefault(key);
        if (old is not null && old.ResourceVersion() == item.ResourceVersion())
        {
            return;
        }

        _objects[key] = item;
        if (old is not null && old.Uid() != item.Uid())
        {
            Changed?.Invoke(old, null);
            old = null;
        }

        Changed?.Invoke(old, item);
    }

    private void Remove(string key, JsonObject? last)
    {
        if (_objects.TryRemove(key, out var old))
        {
            Changed?.Invoke(last ?? old, null);
        }
    }
}

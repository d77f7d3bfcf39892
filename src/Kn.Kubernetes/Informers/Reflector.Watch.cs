using System.Text.Json;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;

namespace Kn.Kubernetes.Informers;

/// <content>Watching: every event received at once becomes one snapshot.</content>
internal sealed partial class Reflector
{
    private async Task<TimeSpan> WatchAsync(string from, CancellationToken cancellationToken)
    {
        CountStart();
        var timeout = (int)(_context.Options.WatchTimeout.TotalSeconds * (1 + _context.Random.NextDouble()));
        var path = $"{Kind.ListPath}?watch=1&allowWatchBookmarks=true&resourceVersion={Uri.EscapeDataString(from)}"
            + $"&timeoutSeconds={Math.Max(timeout, 1)}{Selector()}";
        var patience = TimeSpan.FromSeconds(timeout) + _context.Options.StallGrace;
        using var silence = new CancellationTokenSource(patience, _context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        var started = _context.Time.GetTimestamp();
        var ended = "the server closed it";
        try
        {
            using var response = await _client.OpenAsync(path, either.Token);
            Recovered();
            var window = new JsonStreamWindow(await response.Content.ReadAsStreamAsync(either.Token));
            while (await window.FillAsync(either.Token))
            {
                silence.CancelAfter(patience);
                TakeEvents(window);
            }

            ended = window.Unread.Trim(" \r\n\t"u8).IsEmpty ? ended : "it was cut off within an event";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            ended = $"nothing was heard for {patience.TotalSeconds:0} s";
            Log.WatchBroken(Kind.Name, ended);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException)
        {
            ended = error.Message;
        }
        catch (JsonException error)
        {
            _counters.CountDecodeError();
            ended = "an event is not JSON: " + error.Message;
            Log.WatchBroken(Kind.Name, ended);
        }

        Log.WatchEnded(Kind.Name, ended);
        var isWhole = _context.Time.GetElapsedTime(started) >= TimeSpan.FromSeconds(timeout) / 2;
        return AfterWatch(isWhole || _resourceVersion != from);
    }

    private void CountStart()
    {
        if (_hasWatched)
        {
            _counters.CountWatchRestart();
        }

        _hasWatched = true;
    }

    /// <summary>At once after a watch that got anywhere or lasted; with growing waits after others, and at last by a new list.</summary>
    private TimeSpan AfterWatch(bool hasProgressed)
    {
        if (hasProgressed)
        {
            _backoff.Reset();
            _watchesWithoutProgress = 0;
            return TimeSpan.Zero;
        }

        if (++_watchesWithoutProgress >= MostWatchesWithoutProgress)
        {
            Log.Relisting(Kind.Name, $"{_watchesWithoutProgress} watches in a row ended at {_resourceVersion}");
            _resourceVersion = null;
        }

        return _backoff.Next();
    }

    private void TakeEvents(JsonStreamWindow window)
    {
        var receivedAt = _context.Time.GetTimestamp();
        var deltas = new List<ObjectDelta>();
        var version = _resourceVersion;
        try
        {
            while (WatchFrame.TryRead(window.Unread, out var frame, out var length))
            {
                version = TakeEvent(frame, deltas) ?? version;
                window.Consume(length);
            }
        }
        finally
        {
            // What came whole in front of garbage, or of an ERROR event, counts.
            _cache.Apply(Kind, deltas, receivedAt);
            _resourceVersion = version;
        }
    }

    /// <summary>Adds what an event says to the batch; returns the resourceVersion that is reached with it.</summary>
    /// <exception cref="ApiException">An ERROR event.</exception>
    private string? TakeEvent(WatchFrame frame, List<ObjectDelta> deltas)
    {
        switch (frame.Type)
        {
            case WatchFrameType.Error:
                throw StatusJson.Read(frame.Object, 500);
            case WatchFrameType.Bookmark:
                _counters.CountBookmark();
                return VersionOf(frame.Object);
            case WatchFrameType.Unknown:
                Skip(new ObjectDecodeException(Kind.Name, null, "type", "an event of no known type"));
                return VersionOf(frame.Object);
            default:
                _counters.CountEvent();
                return TakeObject(frame, deltas);
        }
    }

    private string? TakeObject(WatchFrame frame, List<ObjectDelta> deltas)
    {
        if (frame.Type == WatchFrameType.Deleted && ObjectIdentity.Read(frame.Object).Key is { } gone)
        {
            deltas.Add(ObjectDelta.Gone(gone));
            return VersionOf(frame.Object);
        }

        try
        {
            var item = Kind.DecodeObject(frame.Object, _context.Strings);
            deltas.Add(ObjectDelta.Set(item));
            return item.Metadata.ResourceVersion.Length > 0 ? item.Metadata.ResourceVersion : null;
        }
        catch (ObjectDecodeException error)
        {
            Skip(error);
            return VersionOf(frame.Object);
        }
    }

    private static string? VersionOf(ReadOnlySpan<byte> json)
    {
        var version = ObjectIdentity.Read(json).ResourceVersion;
        return version.Length > 0 ? version : null;
    }
}

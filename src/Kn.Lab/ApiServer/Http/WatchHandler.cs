using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Storage;
using Kn.Lab.ApiServer.Tables;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Kn.Lab.ApiServer.Http;

/// <summary>Watches: what is there, what changed since, what changes from now on, and bookmarks.</summary>
/// <remarks>https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes. A version from before the history is
/// an ERROR event of 410 in a stream that began with 200, as the real server's watch cache answers it.</remarks>
internal sealed class WatchHandler(ObjectStore store, LabApiServerOptions options, CancellationToken stopping)
{
    private const int MinTimeoutSeconds = 1800;
    private const string InitialEventsEnd = "k8s.io/initial-events-end";

    public async Task HandleAsync(HttpContext context, ResourcePath path)
    {
        var query = new ListQuery(context.Request, path);
        if (query.SendInitialEvents is not null && query.Match != "NotOlderThan")
        {
            throw StatusException.BadRequest("ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }

        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-cache, private";
        var stream = new EventStream(context.Response.BodyWriter, path, query, Responses.Wanted(context.Request), options.Time);
        var watcher = new Watcher(path.Namespace);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            await FollowAsync(stream, watcher, path, query, end);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client left, the time is up or the server stops: a watch just ends.
        }
        finally
        {
            store.Leave(path.Kind.Resource, watcher);
        }
    }

    private async Task FollowAsync(EventStream stream, Watcher watcher, ResourcePath path, ListQuery query, CancellationTokenSource end)
    {
        WatchStart start;
        try
        {
            // 0 and nothing both mean "what is there, then what changes".
            var fromNow = query.ResourceVersion == 0 || query.SendInitialEvents == true;
            start = store.Join(path.Kind.Resource, watcher, fromNow ? null : query.ResourceVersion);
        }
        catch (StatusException refusal)
        {
            await stream.WriteErrorAsync(refusal, end.Token);
            return;
        }

        var seconds = query.TimeoutSeconds > 0 ? query.TimeoutSeconds : MinTimeoutSeconds + Random.Shared.Next(MinTimeoutSeconds);
        using var timer = options.Time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), end, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
        if (query.SendInitialEvents != false)
        {
            await stream.WriteInitialAsync(start, path, end.Token);
        }

        if (query.SendInitialEvents == true && query.Bookmarks)
        {
            stream.AddBookmark(start.Revision, InitialEventsEnd);
        }

        await stream.FlushAsync(end.Token);
        await PumpAsync(stream, watcher, query, end.Token);
    }

    private async Task PumpAsync(EventStream stream, Watcher watcher, ListQuery query, CancellationToken cancellationToken)
    {
        using var bookmarks = new PeriodicTimer(options.BookmarkInterval, options.Time);
        var tick = query.Bookmarks ? bookmarks.WaitForNextTickAsync(cancellationToken).AsTask() : Task.Delay(Timeout.Infinite, cancellationToken);
        var more = watcher.Changes.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            await Task.WhenAny(more, tick);
            cancellationToken.ThrowIfCancellationRequested();
            if (more.IsCompleted)
            {
                if (!await more)
                {
                    return;
                }

                while (watcher.Changes.TryRead(out var change))
                {
                    stream.Add(change, query.ResourceVersion);
                }

                more = watcher.Changes.WaitToReadAsync(cancellationToken).AsTask();
            }

            if (query.Bookmarks && tick.IsCompleted)
            {
                if (store.RevisionIfDrained(watcher) is { } revision)
                {
                    stream.AddBookmark(revision, null);
                }

                tick = bookmarks.WaitForNextTickAsync(cancellationToken).AsTask();
            }

            await stream.FlushAsync(cancellationToken);
        }
    }

    /// <summary>Writes events; an object's JSON is shared by all who get it.</summary>
    private sealed class EventStream(PipeWriter output, ResourcePath path, ListQuery query, Representation representation, TimeProvider time)
    {
        private const int FlushEvery = 256 * 1024;
        private bool _columnsSent;

        public async Task WriteInitialAsync(WatchStart start, ResourcePath scope, CancellationToken cancellationToken)
        {
            foreach (var (key, stored) in start.Objects)
            {
                if ((scope.Namespace.Length == 0 || key.Namespace == scope.Namespace) && query.Matches(stored.Tree))
                {
                    Write("ADDED", stored);
                    if (output.UnflushedBytes > FlushEvery)
                    {
                        await FlushAsync(cancellationToken);
                    }
                }
            }
        }

        // An object that stops being selected is deleted for this watcher, one that begins to be is new.
        public void Add(StoredChange change, ulong after)
        {
            if (change.Revision <= after)
            {
                return;
            }

            var matched = change.Previous is not null && query.Matches(change.Previous.Tree);
            var matches = change.Current is not null && query.Matches(change.Current.Tree);
            if (matches)
            {
                Write(matched ? "MODIFIED" : "ADDED", change.Current!);
            }
            else if (matched)
            {
                Write("DELETED", change.Last ?? Restamped(change));
            }
        }

        public void AddBookmark(ulong revision, string? annotation)
        {
            var metadata = new JsonObject { ["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture), ["creationTimestamp"] = null };
            if (annotation is not null)
            {
                metadata["annotations"] = new JsonObject { [annotation] = "true" };
            }

            var bookmark = new JsonObject { ["kind"] = path.Kind.Resource.Kind, ["apiVersion"] = path.Kind.Resource.ApiVersion, ["metadata"] = metadata };
            Frame("BOOKMARK", representation == Representation.Table
                ? TableWriter.Write(path.Kind, [bookmark], Version(revision), query.IncludeObject, time.GetUtcNow(), withColumns: false).ToUtf8()
                : bookmark.ToUtf8());
        }

        public async Task WriteErrorAsync(StatusException refusal, CancellationToken cancellationToken)
        {
            Frame("ERROR", refusal.ToStatus().ToUtf8());
            await FlushAsync(cancellationToken);
        }

        public async ValueTask FlushAsync(CancellationToken cancellationToken) => await output.FlushAsync(cancellationToken);

        private static JsonObject Version(ulong revision) => new() { ["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture) };

        private static StoredObject Restamped(StoredChange change)
        {
            var tree = change.Previous!.Tree.Copy();
            tree.Ensure("metadata")["resourceVersion"] = change.Revision.ToString(CultureInfo.InvariantCulture);
            return new StoredObject(tree, change.Revision);
        }

        private void Write(string type, StoredObject stored)
        {
            switch (representation)
            {
                case Representation.Table:
                    Frame(type, TableWriter.Write(path.Kind, [stored.Tree], Version(stored.Revision), query.IncludeObject, time.GetUtcNow(), !_columnsSent).ToUtf8());
                    _columnsSent = true;
                    break;
                case Representation.Metadata:
                    Frame(type, TableWriter.MetadataOnly(stored.Tree).ToUtf8());
                    break;
                default:
                    Frame(type, stored.Json.Span);
                    break;
            }
        }

        private void Frame(string type, ReadOnlySpan<byte> json)
        {
            output.Write("{\"type\":\""u8);
            output.Write(Encoding.ASCII.GetBytes(type));
            output.Write("\",\"object\":"u8);
            output.Write(json);
            output.Write("}\n"u8);
        }
    }
}

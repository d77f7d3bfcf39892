using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Storage;
using Kn.Lab.ApiServer.Tables;
using Microsoft.AspNetCore.Http;

namespace Kn.Lab.ApiServer.Http;

/// <summary>Lists: selectors, pages that all show one revision, exact and at-least revisions.</summary>
/// <remarks>https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks and #resource-versions.</remarks>
internal sealed class ListHandler(ObjectStore store, TimeProvider time)
{
    public async Task HandleAsync(HttpContext context, ResourcePath path)
    {
        var query = new ListQuery(context.Request, path);
        var page = ReadPage(path, query);
        var metadata = new JsonObject { ["resourceVersion"] = page.Revision.ToString(CultureInfo.InvariantCulture) };
        if (page.Continue is not null)
        {
            metadata["continue"] = page.Continue;
        }

        if (page.Remaining is { } remaining)
        {
            metadata["remainingItemCount"] = remaining;
        }

        var trees = page.Items.Select(static item => item.Tree);
        switch (Responses.Wanted(context.Request))
        {
            case Representation.Table:
                await Responses.WriteAsync(context, 200, TableWriter.Write(path.Kind, trees, metadata, context.Request.Query["includeObject"], time.GetUtcNow()));
                break;
            case Representation.Metadata:
                await Responses.WriteAsync(context, 200, new JsonObject
                {
                    ["kind"] = "PartialObjectMetadataList",
                    ["apiVersion"] = "meta.k8s.io/v1",
                    ["metadata"] = metadata,
                    ["items"] = JsonTree.Array(trees.Select(static tree => (JsonNode?)TableWriter.MetadataOnly(tree))),
                });
                break;
            default:
                await WriteObjectsAsync(context, path, page.Items, metadata);
                break;
        }
    }

    // Objects are JSON already; the list is their concatenation, never a tree.
    private static async Task WriteObjectsAsync(HttpContext context, ResourcePath path, List<StoredObject> items, JsonObject metadata)
    {
        context.Response.ContentType = "application/json";
        var output = context.Response.BodyWriter;
        var head = $"{{\"kind\":\"{path.Kind.ListKind}\",\"apiVersion\":\"{path.Kind.Resource.ApiVersion}\",\"metadata\":{Encoding.UTF8.GetString(metadata.ToUtf8())},\"items\":[";
        await output.WriteAsync(Encoding.UTF8.GetBytes(head), context.RequestAborted);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                await output.WriteAsync(","u8.ToArray(), context.RequestAborted);
            }

            await output.WriteAsync(items[i].Json, context.RequestAborted);
        }

        await output.WriteAsync("]}"u8.ToArray(), context.RequestAborted);
    }

    private Page ReadPage(ResourcePath path, ListQuery query)
    {
        var (objects, revision) = ReadObjects(path, query, out var after);
        var items = new List<StoredObject>();
        long remaining = 0;
        string? next = null;
        foreach (var (key, stored) in objects)
        {
            if ((path.Namespace.Length > 0 && key.Namespace != path.Namespace) || (after is { } last && key.CompareTo(last) <= 0) || !query.Matches(stored.Tree))
            {
                continue;
            }

            if (query.Limit > 0 && items.Count == query.Limit)
            {
                next ??= ContinueToken.Write(revision, items[^1].Key);
                remaining++;
                continue;
            }

            items.Add(stored);
        }

        return new Page(items, revision, next, next is not null && query.SelectsEverything ? remaining : null);
    }

    private (ImmutableSortedDictionary<ObjectKey, StoredObject> Objects, ulong Revision) ReadObjects(ResourcePath path, ListQuery query, out ObjectKey? after)
    {
        var resource = path.Kind.Resource;
        after = null;
        var current = store.Snapshot(resource);
        if (query.Continue is { Length: > 0 } token)
        {
            var (revision, key) = ContinueToken.Read(token);
            after = key;
            if (revision == 0)
            {
                return current;
            }

            var then = store.SnapshotAt(resource, revision) ?? throw StatusException.Expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
                ContinueToken.Write(0, key));
            return (then, revision);
        }

        if (query.ResourceVersion > current.Revision)
        {
            throw StatusException.FutureVersion(query.ResourceVersion, current.Revision);
        }

        if (query.Exact && query.ResourceVersion > 0)
        {
            var exact = store.SnapshotAt(resource, query.ResourceVersion) ?? throw StatusException.Expired($"The resourceVersion for the provided list is too old.");
            return (exact, query.ResourceVersion);
        }

        return current;
    }

    private sealed record Page(List<StoredObject> Items, ulong Revision, string? Continue, long? Remaining);
}

/// <summary>Where the next page begins: opaque to clients, as the real one is.</summary>
internal static class ContinueToken
{
    public static string Write(ulong revision, ObjectKey last)
    {
        var tree = new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = revision, ["ns"] = last.Namespace, ["name"] = last.Name };
        return Base64Url.EncodeToString(tree.ToUtf8());
    }

    /// <exception cref="StatusException">400: not a token of ours.</exception>
    public static (ulong Revision, ObjectKey Last) Read(string token)
    {
        try
        {
            var tree = JsonNode.Parse(Base64Url.DecodeFromChars(token));
            if (tree.Number("rv") is { } revision and >= 0)
            {
                return ((ulong)revision, new ObjectKey(tree.Text("ns") ?? "", tree.Text("name") ?? ""));
            }
        }
        catch (Exception malformed) when (malformed is FormatException or JsonException)
        {
            // Said below.
        }

        throw StatusException.BadRequest("continue key is not valid: encoded start key does not decode");
    }
}

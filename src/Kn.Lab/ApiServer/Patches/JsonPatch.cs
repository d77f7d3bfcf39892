using System.Globalization;
using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Patches;

/// <summary>JSON Patch (RFC 6902): a list of operations, all of which take effect or none.</summary>
internal static class JsonPatch
{
    private const int MaxOperations = 10_000;

    /// <summary>Patches <paramref name="target"/> in place; after a throw it is half-patched and must be dropped.</summary>
    /// <exception cref="StatusException">400 for a malformed operation; 422 for a path that is not there or a test that fails.</exception>
    public static void Apply(JsonObject target, JsonArray operations)
    {
        if (operations.Count > MaxOperations)
        {
            throw StatusException.TooLarge(MaxOperations);
        }

        foreach (var operation in operations)
        {
            ApplyOne(target, operation as JsonObject ?? throw StatusException.BadRequest("a JSON patch is an array of objects"));
        }
    }

    private static void ApplyOne(JsonObject target, JsonObject operation)
    {
        var path = Pointer(operation, "path");
        switch (operation.Text("op"))
        {
            case "add":
                Add(target, path, Value(operation));
                break;
            case "remove":
                Remove(target, path);
                break;
            case "replace":
                Replace(target, path, Value(operation));
                break;
            case "test":
                Test(target, path, Value(operation));
                break;
            case "move":
                Add(target, path, Remove(target, Pointer(operation, "from")));
                break;
            case "copy":
                Add(target, path, Find(target, Pointer(operation, "from"))?.DeepClone());
                break;
            case var unknown:
                throw StatusException.BadRequest($"JSON patch: unknown operation '{unknown}'");
        }
    }

    private static JsonNode? Value(JsonObject operation) =>
        operation.TryGetPropertyValue("value", out var value) ? value?.DeepClone() : throw StatusException.BadRequest("JSON patch: an operation without value");

    private static string[] Pointer(JsonObject operation, string field)
    {
        var text = operation.Text(field) ?? throw StatusException.BadRequest($"JSON patch: an operation without {field}");
        if (text.Length == 0 || text[0] != '/')
        {
            throw StatusException.BadRequest($"JSON patch: '{text}' is not a path below the object");
        }

        return [.. text[1..].Split('/').Select(static part => part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
    }

    private static StatusException Missing(string[] path) =>
        StatusException.Unprocessable($"the server rejected our request due to an error in our request: the path /{string.Join('/', path)} does not exist");

    private static JsonNode? Find(JsonNode target, ReadOnlySpan<string> path)
    {
        JsonNode? node = target;
        foreach (var part in path)
        {
            node = node switch
            {
                JsonObject map when map.TryGetPropertyValue(part, out var child) => child,
                JsonArray list when Index(part, list.Count) is { } index && index < list.Count => list[index],
                _ => throw Missing(path.ToArray()),
            };
        }

        return node;
    }

    // Negative indexes are an extension that the real server's library leaves on; the lab does not.
    private static int? Index(string part, int end) =>
        part == "-" ? end : int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;

    private static void Add(JsonObject target, string[] path, JsonNode? value)
    {
        switch (Find(target, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list when Index(path[^1], list.Count) is { } index && index <= list.Count:
                list.Insert(index, value);
                break;
            default:
                throw Missing(path);
        }
    }

    private static JsonNode? Remove(JsonObject target, string[] path)
    {
        var node = Find(target, path);
        switch (Find(target, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject map:
                map.Remove(path[^1]);
                break;
            case JsonArray list:
                list.RemoveAt(Index(path[^1], list.Count) ?? throw Missing(path));
                break;
        }

        return node;
    }

    private static void Replace(JsonObject target, string[] path, JsonNode? value)
    {
        Find(target, path);
        switch (Find(target, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list:
                list[Index(path[^1], list.Count) ?? throw Missing(path)] = value;
                break;
        }
    }

    private static void Test(JsonObject target, string[] path, JsonNode? value)
    {
        if (!JsonNode.DeepEquals(Find(target, path), value))
        {
            throw StatusException.Unprocessable($"the server rejected our request due to an error in our request: testing value /{string.Join('/', path)} failed: test failed");
        }
    }
}

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kn.Lab.Api;

/// <summary>Reading and writing Kubernetes objects as trees, without a type for each kind.</summary>
/// <remarks>Readers never throw for a missing or differently typed field: it reads as absent. Trees that came out of an
/// informer or the store are shared and must not be changed; <c>DeepClone</c> first.</remarks>
public static class JsonTree
{
    /// <summary>Kubernetes writes non-ASCII text and quotes as they are; so does the lab.</summary>
    public static JsonWriterOptions WriterOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The field at a path of names, or null.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            node = node is JsonObject map && map.TryGetPropertyValue(name, out var child) ? child : null;
        }

        return node;
    }

    /// <summary>The object at a path, or null.</summary>
    public static JsonObject? Map(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonObject;

    /// <summary>The array at a path, or null.</summary>
    public static JsonArray? List(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonArray;

    /// <summary>The objects of the array at a path; none when it is absent.</summary>
    public static IEnumerable<JsonObject> Maps(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.List(path)?.OfType<JsonObject>() ?? [];

    /// <summary>The string at a path, or null.</summary>
    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>The integer at a path, or null.</summary>
    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        if (node.At(path) is not JsonValue value)
        {
            return null;
        }

        return value.TryGetValue<long>(out var number) ? number : value.TryGetValue<int>(out var small) ? small : null;
    }

    /// <summary>The boolean at a path, or null.</summary>
    public static bool? Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    /// <summary>The strings of the array at a path; none when it is absent.</summary>
    public static IEnumerable<string> Texts(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.List(path)?.Select(static item => item.Text()).OfType<string>() ?? [];

    /// <summary>The string map at a path (labels, a selector); empty when it is absent.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Pairs(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.Map(path)?.Where(static pair => pair.Value.Text() is not null).Select(static pair => KeyValuePair.Create(pair.Key, pair.Value.Text()!)) ?? [];

    /// <summary>metadata.name, or empty.</summary>
    public static string Name(this JsonNode? node) => node.Text("metadata", "name") ?? "";

    /// <summary>metadata.namespace, or empty.</summary>
    public static string Namespace(this JsonNode? node) => node.Text("metadata", "namespace") ?? "";

    /// <summary>metadata.uid, or empty.</summary>
    public static string Uid(this JsonNode? node) => node.Text("metadata", "uid") ?? "";

    /// <summary>metadata.resourceVersion, or empty.</summary>
    public static string ResourceVersion(this JsonNode? node) => node.Text("metadata", "resourceVersion") ?? "";

    /// <summary>"namespace/name", or "name" for objects of the cluster.</summary>
    public static string Key(this JsonNode? node) => node.Namespace() is { Length: > 0 } ns ? $"{ns}/{node.Name()}" : node.Name();

    /// <summary>True when a delete was asked for and finalizers or a grace period still hold the object.</summary>
    public static bool IsDeleting(this JsonNode? node) => node.At("metadata", "deletionTimestamp") is not null;

    /// <summary>The object at a path, made where it is missing.</summary>
    public static JsonObject Ensure(this JsonObject map, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (map.TryGetPropertyValue(name, out var child) && child is JsonObject existing)
            {
                map = existing;
                continue;
            }

            var made = new JsonObject();
            map[name] = made;
            map = made;
        }

        return map;
    }

    /// <summary>Sets a field that is missing or null.</summary>
    public static void Default(this JsonObject map, string name, JsonNode? value)
    {
        if (!map.TryGetPropertyValue(name, out var present) || present is null)
        {
            map[name] = value;
        }
    }

    /// <summary>An array of strings.</summary>
    public static JsonArray Array(IEnumerable<string> texts)
    {
        var array = new JsonArray();
        foreach (var text in texts)
        {
            array.Add((JsonNode?)JsonValue.Create(text));
        }

        return array;
    }

    /// <summary>An array of trees without a parent.</summary>
    public static JsonArray Array(IEnumerable<JsonNode?> nodes)
    {
        var array = new JsonArray();
        foreach (var node in nodes)
        {
            array.Add(node);
        }

        return array;
    }

    /// <summary>A clone that is known to be an object.</summary>
    public static JsonObject Copy(this JsonObject map) => map.DeepClone().AsObject();

    /// <summary>The tree as UTF-8 JSON.</summary>
    public static byte[] ToUtf8(this JsonNode node)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            node.WriteTo(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A point in time as metav1.Time writes it: RFC 3339, seconds, UTC.</summary>
    public static string Timestamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}

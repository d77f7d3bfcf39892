using System.Buffers;
using System.Text.Json;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Manifests;

/// <summary>An object as a file has it, such as a manifest that somebody applies.</summary>
/// <param name="Kind">kind.</param>
/// <param name="Line">Where in the file it begins, from 1.</param>
/// <param name="Json">The object as JSON.</param>
public sealed record Manifest(string Kind, long Line, ReadOnlyMemory<byte> Json)
{
    /// <summary>Reads objects from YAML or JSON: several documents, lists and all.</summary>
    /// <exception cref="ManifestException">Not YAML.</exception>
    public static IReadOnlyList<Manifest> ReadAll(TextReader text)
    {
        var manifests = new List<Manifest>();
        foreach (var (line, json) in ManifestYaml.ToJson(text))
        {
            using var document = JsonDocument.Parse(json);
            Add(document.RootElement, line, manifests);
        }

        return manifests;
    }

    /// <summary>The object, as a kind that Kn knows.</summary>
    /// <exception cref="ManifestException">It is not what its kind says.</exception>
    public T Decode<T>(ResourceKind<T> kind)
        where T : KubernetesObject
    {
        try
        {
            return kind.Decode(Json.Span, new StringPool());
        }
        catch (ObjectDecodeException exception)
        {
            throw new ManifestException($"line {Line}: {exception.Message}", exception);
        }
    }

    /// <summary>A field of text, by its path; null where there is none.</summary>
    public string? Text(params ReadOnlySpan<string> path)
    {
        using var document = JsonDocument.Parse(Json);
        var element = document.RootElement;
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
    }

    /// <summary>The entries of data, as a ConfigMap has them.</summary>
    public IReadOnlyDictionary<string, string> Entries()
    {
        using var document = JsonDocument.Parse(Json);
        var entries = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (document.RootElement.TryGetProperty("data", out var map) && map.ValueKind == JsonValueKind.Object)
        {
            foreach (var entry in map.EnumerateObject())
            {
                entries[entry.Name] = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() ?? "" : entry.Value.GetRawText();
            }
        }

        return entries;
    }

    private static void Add(JsonElement element, long line, List<Manifest> manifests)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("kind", out var kind) || kind.ValueKind != JsonValueKind.String)
        {
            return;
        }

        var name = kind.GetString() ?? "";
        if (name.EndsWith("List", StringComparison.Ordinal) && element.TryGetProperty("items", out var items) && items.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in items.EnumerateArray())
            {
                AddItem(item, name, line, manifests);
            }

            return;
        }

        manifests.Add(new Manifest(name, line, Bytes(element)));
    }

    /// <summary>The API server's lists do not repeat the kind in each item.</summary>
    private static void AddItem(JsonElement item, string listKind, long line, List<Manifest> manifests)
    {
        var kind = item.ValueKind == JsonValueKind.Object && item.TryGetProperty("kind", out var own) && own.ValueKind == JsonValueKind.String ? own.GetString() ?? "" : listKind[..^4];
        manifests.Add(new Manifest(kind, line, Bytes(item)));
    }

    private static ReadOnlyMemory<byte> Bytes(JsonElement element)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            element.WriteTo(writer);
        }

        return buffer.WrittenMemory;
    }
}

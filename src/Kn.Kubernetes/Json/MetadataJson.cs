using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>metadata (meta/v1 ObjectMeta), without managedFields and without annotations that only their writer needs.</summary>
internal static class MetadataJson
{
    public static ObjectMeta Read(ref ObjectReader reader)
    {
        var draft = default(Draft);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            ReadField(ref reader, ref draft);
        }

        return new ObjectMeta
        {
            Name = draft.Name ?? "",
            Namespace = draft.Namespace ?? "",
            Uid = draft.Uid ?? "",
            ResourceVersion = draft.ResourceVersion ?? "",
            CreationTimestamp = draft.Created,
            DeletionTimestamp = draft.Deleted,
            Labels = draft.Labels,
            Annotations = draft.Annotations,
        };
    }

    public static void Write(Utf8JsonWriter writer, ObjectMeta metadata)
    {
        writer.WriteStartObject("metadata"u8);
        writer.WriteString("name"u8, metadata.Name);
        writer.WriteNonEmpty("namespace"u8, metadata.Namespace);
        writer.WriteNonEmpty("uid"u8, metadata.Uid);
        writer.WriteNonEmpty("resourceVersion"u8, metadata.ResourceVersion);
        writer.WriteNonEmpty("creationTimestamp"u8, metadata.CreationTimestamp);
        writer.WriteNonEmpty("deletionTimestamp"u8, metadata.DeletionTimestamp);
        writer.WriteNonEmpty("labels"u8, metadata.Labels);
        writer.WriteNonEmpty("annotations"u8, metadata.Annotations);
        writer.WriteEndObject();
    }

    /// <summary>A map of strings, such as labels or a selector.</summary>
    public static ValueMap<string, string>? ReadStrings(ref ObjectReader reader, Func<string, bool>? isUnused = null)
    {
        if (!reader.BeginObject())
        {
            return null;
        }

        var pairs = new List<KeyValuePair<string, string>>();
        while (reader.NextProperty())
        {
            var name = reader.PropertyName();
            if (isUnused?.Invoke(name) != true)
            {
                pairs.Add(new(name, reader.Value() ?? ""));
            }
        }

        return pairs.ToValueMap();
    }

    private static void ReadField(ref ObjectReader reader, ref Draft draft)
    {
        if (reader.Is("name"u8))
        {
            draft.Name = reader.Text();
        }
        else if (reader.Is("namespace"u8))
        {
            draft.Namespace = reader.Name();
        }
        else if (reader.Is("uid"u8))
        {
            draft.Uid = reader.Text();
        }
        else if (reader.Is("resourceVersion"u8))
        {
            draft.ResourceVersion = reader.Text();
        }
        else if (reader.Is("creationTimestamp"u8))
        {
            draft.Created = reader.Timestamp();
        }
        else if (reader.Is("deletionTimestamp"u8))
        {
            draft.Deleted = reader.Timestamp();
        }
        else if (reader.Is("labels"u8))
        {
            draft.Labels = ReadStrings(ref reader) ?? default;
        }
        else if (reader.Is("annotations"u8))
        {
            draft.Annotations = ReadStrings(ref reader, IsUnused) ?? default;
        }
    }

    // kubectl's is a copy of the object; the trigger time changes with every write and is for kube-proxy's latency metric.
    private static bool IsUnused(string annotation) =>
        annotation is "kubectl.kubernetes.io/last-applied-configuration" or "endpoints.kubernetes.io/last-change-trigger-time";

    private struct Draft
    {
        public string? Name;
        public string? Namespace;
        public string? Uid;
        public string? ResourceVersion;
        public DateTimeOffset? Created;
        public DateTimeOffset? Deleted;
        public ValueMap<string, string> Labels;
        public ValueMap<string, string> Annotations;
    }
}

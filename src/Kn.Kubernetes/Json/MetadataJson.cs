using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>metadata (meta/v1 ObjectMeta), without managedFields and without annotations that only their writer needs.</summary>
internal static class MetadataJson
{
    private const string TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";

    public static ObjectMeta Read(ref ObjectReader reader) => Read(ref reader, out _);

    /// <param name="reader">At the metadata.</param>
    /// <param name="triggered">When the change that this write tells of began, as endpoint controllers say.</param>
    public static ObjectMeta Read(ref ObjectReader reader, out DateTimeOffset? triggered)
    {
        var draft = default(Draft);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            ReadField(ref reader, ref draft);
        }

        triggered = draft.Triggered;
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
    public static ValueMap<string, string>? ReadStrings(ref ObjectReader reader)
    {
        if (!reader.BeginObjectUnlessNull())
        {
            return null;
        }

        var pairs = new List<KeyValuePair<string, string>>();
        while (reader.NextProperty())
        {
            pairs.Add(new(reader.PropertyName(), reader.Value() ?? ""));
        }

        return pairs.ToValueMap();
    }

    /// <summary>kubectl's is a copy of the object; the trigger time changes with every write and is a moment, not a property.</summary>
    private static ValueMap<string, string> ReadAnnotations(ref ObjectReader reader, ref Draft draft)
    {
        if (!reader.BeginObjectUnlessNull())
        {
            return default;
        }

        var pairs = new List<KeyValuePair<string, string>>();
        while (reader.NextProperty())
        {
            switch (reader.PropertyName())
            {
                case "kubectl.kubernetes.io/last-applied-configuration":
                    break;
                case TriggerTime:
                    draft.Triggered = reader.LooseTimestamp();
                    break;
                case var name:
                    pairs.Add(new(name, reader.Value() ?? ""));
                    break;
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
            draft.Annotations = ReadAnnotations(ref reader, ref draft);
        }
    }

    private struct Draft
    {
        public string? Name;
        public string? Namespace;
        public string? Uid;
        public string? ResourceVersion;
        public DateTimeOffset? Created;
        public DateTimeOffset? Deleted;
        public DateTimeOffset? Triggered;
        public ValueMap<string, string> Labels;
        public ValueMap<string, string> Annotations;
    }
}

using System.Text.Json;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Json;

/// <summary>What can be said about an object whose other fields may be anything.</summary>
/// <param name="Key">Namespace and name; null where there is no name.</param>
/// <param name="ResourceVersion">Empty where there is none.</param>
internal readonly record struct ObjectIdentity(ObjectKey? Key, string ResourceVersion)
{
    /// <summary>Reads metadata and nothing else; never throws, whatever the bytes are.</summary>
    public static ObjectIdentity Read(ReadOnlySpan<byte> json)
    {
        var identity = default(Draft);
        try
        {
            var reader = new Utf8JsonReader(json);
            if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadObject(ref reader, ref identity);
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // What was read before the fault still helps.
        }

        var key = identity.Name is { } name ? new ObjectKey(identity.Namespace ?? "", name) : (ObjectKey?)null;
        return new ObjectIdentity(key, identity.ResourceVersion ?? "");
    }

    private static void ReadObject(ref Utf8JsonReader reader, ref Draft identity)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isMetadata && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadMetadata(ref reader, ref identity);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, ref Draft identity)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = reader.ValueTextEquals("name"u8) ? 1
                : reader.ValueTextEquals("namespace"u8) ? 2
                : reader.ValueTextEquals("resourceVersion"u8) ? 3 : 0;
            reader.Read();
            if (field == 0 || reader.TokenType != JsonTokenType.String)
            {
                reader.Skip();
                continue;
            }

            var text = reader.GetString();
            _ = field switch
            {
                1 => identity.Name = text,
                2 => identity.Namespace = text,
                _ => identity.ResourceVersion = text,
            };
        }
    }

    private struct Draft
    {
        public string? Name;
        public string? Namespace;
        public string? ResourceVersion;
    }
}

using System.Text.Json;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Json;

/// <summary>core/v1 Namespace.</summary>
internal static class NamespaceJson
{
    public static Namespace Read(ref ObjectReader reader)
    {
        var metadata = new ObjectMeta();
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("metadata"u8))
            {
                metadata = MetadataJson.Read(ref reader);
            }
        }

        return new Namespace { Metadata = metadata };
    }

    public static void Write(Utf8JsonWriter writer, Namespace item)
    {
        _ = writer;
        _ = item;
    }
}

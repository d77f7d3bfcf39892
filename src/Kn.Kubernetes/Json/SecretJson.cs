using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>core/v1 Secret.</summary>
internal static class SecretJson
{
    public static Secret Read(ref ObjectReader reader)
    {
        var secret = new Secret();
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("metadata"u8))
            {
                secret = secret with { Metadata = MetadataJson.Read(ref reader) };
            }
            else if (reader.Is("type"u8))
            {
                secret = secret with { Type = reader.Name() ?? "Opaque" };
            }
            else if (reader.Is("data"u8))
            {
                secret = secret with { Data = ReadValues(ref reader) };
            }
        }

        return secret;
    }

    public static void Write(Utf8JsonWriter writer, Secret secret)
    {
        writer.WriteString("type"u8, secret.Type);
        writer.WriteNonEmpty("data"u8, secret.Data);
    }

    /// <summary>Values are no names: they must not stay in the pool of strings when the Secret is gone.</summary>
    private static ValueMap<string, string> ReadValues(ref ObjectReader reader)
    {
        if (!reader.BeginObjectUnlessNull())
        {
            return default;
        }

        var pairs = new List<KeyValuePair<string, string>>();
        while (reader.NextProperty())
        {
            pairs.Add(new(reader.PropertyName(), reader.Text() ?? ""));
        }

        return pairs.ToValueMap();
    }
}

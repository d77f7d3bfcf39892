using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>meta/v1 LabelSelector.</summary>
internal static class LabelSelectorJson
{
    /// <summary>Null for null: an absent selector is not an empty one.</summary>
    public static LabelSelector? Read(ref ObjectReader reader)
    {
        if (!reader.BeginObjectUnlessNull())
        {
            return null;
        }

        var labels = default(ValueMap<string, string>);
        var expressions = default(ValueList<LabelRequirement>);
        while (reader.NextProperty())
        {
            if (reader.Is("matchLabels"u8))
            {
                labels = MetadataJson.ReadStrings(ref reader) ?? default;
            }
            else if (reader.Is("matchExpressions"u8))
            {
                expressions = SharedJson.List(ref reader, ReadRequirement);
            }
        }

        return labels.Count == 0 && expressions.IsEmpty ? LabelSelector.Everything : new LabelSelector(labels, expressions);
    }

    /// <summary>Writes it; the empty selector too.</summary>
    public static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> name, LabelSelector? selector)
    {
        if (selector is null)
        {
            return;
        }

        writer.WriteStartObject(name);
        writer.WriteNonEmpty("matchLabels"u8, selector.MatchLabels);
        if (!selector.MatchExpressions.IsEmpty)
        {
            writer.WriteStartArray("matchExpressions"u8);
            foreach (var requirement in selector.MatchExpressions)
            {
                writer.WriteStartObject();
                writer.WriteString("key"u8, requirement.Key);
                writer.WriteString("operator"u8, Word(requirement.Operator));
                writer.WriteNonEmpty("values"u8, requirement.Values);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static LabelRequirement ReadRequirement(ref ObjectReader reader)
    {
        var (key, word, values) = ("", "", default(ValueList<string>));
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("key"u8))
            {
                key = reader.Name() ?? "";
            }
            else if (reader.Is("operator"u8))
            {
                word = reader.Name() ?? "";
            }
            else if (reader.Is("values"u8))
            {
                values = SharedJson.List(ref reader, static (ref ObjectReader item) => item.Value() ?? "");
            }
        }

        return new LabelRequirement(key, Operator(word), values);
    }

    private static LabelOperator Operator(string word) => word switch
    {
        "In" => LabelOperator.In,
        "NotIn" => LabelOperator.NotIn,
        "Exists" => LabelOperator.Exists,
        "DoesNotExist" => LabelOperator.DoesNotExist,
        _ => LabelOperator.Unknown,
    };

    private static ReadOnlySpan<byte> Word(LabelOperator @operator) => @operator switch
    {
        LabelOperator.In => "In"u8,
        LabelOperator.NotIn => "NotIn"u8,
        LabelOperator.Exists => "Exists"u8,
        LabelOperator.DoesNotExist => "DoesNotExist"u8,
        _ => "Unknown"u8,
    };
}

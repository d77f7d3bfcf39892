using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Kn.Lab.Api;

/// <summary>YAML as the same trees that JSON gives, by the rules that kubectl reads manifests with (YAML 1.2 core schema plus
/// the 1.1 words for booleans that Kubernetes' parser still takes: yes, no, on, off).</summary>
public static class YamlTree
{
    private const int MaxDepth = 100;

    /// <summary>All documents of a stream; empty ones are left out.</summary>
    /// <exception cref="YamlException">Not YAML, or an alias that does not resolve; Start has the line.</exception>
    public static IReadOnlyList<JsonNode> ParseAll(TextReader text)
    {
        var parser = new Parser(text);
        var documents = new List<JsonNode>();
        parser.Consume<StreamStart>();
        while (!parser.Accept<StreamEnd>(out _))
        {
            parser.Consume<DocumentStart>();
            if (ReadNode(parser, [], 0) is { } node)
            {
                documents.Add(node);
            }

            parser.Consume<DocumentEnd>();
        }

        return documents;
    }

    /// <summary>The first document, or null when there is none.</summary>
    /// <exception cref="YamlException">As for <see cref="ParseAll"/>.</exception>
    public static JsonNode? Parse(string text)
    {
        using var reader = new StringReader(text);
        return ParseAll(reader) is [var first, ..] ? first : null;
    }

    private static JsonNode? ReadNode(Parser parser, Dictionary<string, JsonNode?> anchors, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new YamlException(parser.Current?.Start ?? Mark.Empty, parser.Current?.End ?? Mark.Empty, "nested too deeply");
        }

        if (parser.TryConsume<AnchorAlias>(out var alias))
        {
            return anchors.TryGetValue(alias.Value.Value, out var known)
                ? known?.DeepClone()
                : throw new YamlException(alias.Start, alias.End, $"no anchor named {alias.Value}");
        }

        var anchor = parser.Current is NodeEvent { Anchor.IsEmpty: false } named ? named.Anchor.Value : null;
        JsonNode? node;
        if (parser.TryConsume<Scalar>(out var scalar))
        {
            node = Convert(scalar);
        }
        else
        {
            node = parser.Accept<SequenceStart>(out _) ? ReadSequence(parser, anchors, depth) : ReadMapping(parser, anchors, depth);
        }

        if (anchor is not null)
        {
            anchors[anchor] = node;
        }

        return node;
    }

    private static JsonArray ReadSequence(Parser parser, Dictionary<string, JsonNode?> anchors, int depth)
    {
        var array = new JsonArray();
        parser.Consume<SequenceStart>();
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            array.Add(ReadNode(parser, anchors, depth + 1)?.Unparented());
        }

        return array;
    }

    private static JsonObject ReadMapping(Parser parser, Dictionary<string, JsonNode?> anchors, int depth)
    {
        var map = new JsonObject();
        parser.Consume<MappingStart>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = parser.Consume<Scalar>();
            map[key.Value] = ReadNode(parser, anchors, depth + 1)?.Unparented();
        }

        return map;
    }

    private static JsonNode Unparented(this JsonNode node) => node.Parent is null ? node : node.DeepClone();

    private static JsonValue? Convert(Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style is not ScalarStyle.Plain || scalar.Tag == "tag:yaml.org,2002:str")
        {
            return JsonValue.Create(text);
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" => JsonValue.Create(true),
            "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" => JsonValue.Create(false),
            _ => ConvertNumber(text),
        };
    }

    private static JsonValue ConvertNumber(string text)
    {
        const NumberStyles Signed = NumberStyles.AllowLeadingSign;
        if (long.TryParse(text, Signed, CultureInfo.InvariantCulture, out var number))
        {
            return JsonValue.Create(number);
        }

        var looksNumeric = text.Length > 0 && (char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.');
        return looksNumeric && double.TryParse(text, Signed | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var real)
            ? JsonValue.Create(real)
            : JsonValue.Create(text);
    }
}

using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Kn.Kubernetes.Kubeconfigs;

/// <summary>A YAML (or JSON) document as maps, lists and text, with lines for messages; built from the parser's events, without reflection.</summary>
/// <remarks>Aliases are refused: kubeconfigs have no use for them, and they are how small files become large.</remarks>
internal sealed class YamlTree
{
    private const int DeepestNesting = 32;

    private YamlTree(long line) => Line = line;

    /// <summary>Line in the file, from 1.</summary>
    public long Line { get; }

    /// <summary>The text of a scalar; null for maps, lists and an explicit null.</summary>
    public string? Text { get; private init; }

    /// <summary>The entries of a map; null for anything else.</summary>
    public Dictionary<string, YamlTree>? Map { get; private init; }

    /// <summary>The elements of a list; null for anything else.</summary>
    public List<YamlTree>? List { get; private init; }

    /// <summary>True for null and for the empty plain scalar.</summary>
    public bool IsNull => Text is null && Map is null && List is null;

    /// <summary>What it is, for messages.</summary>
    public string Shape => Map is not null ? "a map" : List is not null ? "a list" : Text is not null ? "text" : "nothing";

    /// <summary>Reads the first document; an empty file is a null.</summary>
    /// <exception cref="YamlException">Not YAML, with the place.</exception>
    public static YamlTree Read(TextReader text)
    {
        var parser = new Parser(text);
        parser.Consume<StreamStart>();
        if (!parser.TryConsume<DocumentStart>(out _))
        {
            return new YamlTree(1);
        }

        return ReadNode(parser, 0);
    }

    /// <summary>The entry of a map, or null.</summary>
    public YamlTree? Find(string key) => Map is not null && Map.TryGetValue(key, out var value) && !value.IsNull ? value : null;

    private static YamlTree ReadNode(Parser parser, int depth)
    {
        if (depth > DeepestNesting)
        {
            throw new YamlException(parser.Current?.Start ?? Mark.Empty, parser.Current?.End ?? Mark.Empty, "nested too deeply");
        }

        if (parser.TryConsume<Scalar>(out var scalar))
        {
            var isNull = scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "null" or "~" or "Null" or "NULL" && scalar.IsPlainImplicit;
            return new YamlTree(scalar.Start.Line) { Text = isNull ? null : scalar.Value };
        }

        if (parser.TryConsume<MappingStart>(out var mapping))
        {
            return new YamlTree(mapping.Start.Line) { Map = ReadMap(parser, depth) };
        }

        if (parser.TryConsume<SequenceStart>(out var sequence))
        {
            var list = new List<YamlTree>();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                list.Add(ReadNode(parser, depth + 1));
            }

            return new YamlTree(sequence.Start.Line) { List = list };
        }

        throw new YamlException(parser.Current?.Start ?? Mark.Empty, parser.Current?.End ?? Mark.Empty, "anchors and aliases are not supported");
    }

    private static Dictionary<string, YamlTree> ReadMap(Parser parser, int depth)
    {
        var map = new Dictionary<string, YamlTree>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var key))
            {
                throw new YamlException(parser.Current?.Start ?? Mark.Empty, parser.Current?.End ?? Mark.Empty, "a map's key has to be text");
            }

            if (!map.TryAdd(key.Value, ReadNode(parser, depth + 1)))
            {
                throw new YamlException(key.Start, key.End, $"'{key.Value}' occurs twice");
            }
        }

        return map;
    }
}

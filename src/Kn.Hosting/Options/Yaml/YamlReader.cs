using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Kn.Hosting.Options.Yaml;

/// <summary>Reads the subset of YAML that a config needs into nodes: one document of mappings, sequences and scalars.</summary>
/// <remarks>Anchors, aliases, tags and complex keys are refused: they have no use here, and aliases can blow up.</remarks>
internal sealed class YamlReader
{
    private const int DeepestNesting = 32;
    private const int MostNodes = 100_000;
    private readonly Parser _parser;
    private int _nodes;

    private YamlReader(string text) => _parser = new Parser(new StringReader(text));

    /// <summary>The document; an empty mapping when the file is empty.</summary>
    /// <exception cref="YamlSyntaxException">Not YAML, or not the subset.</exception>
    internal static YamlNode Read(string text)
    {
        try
        {
            return new YamlReader(text).ReadDocument();
        }
        catch (YamlException exception)
        {
            var position = new YamlPosition((int)Math.Max(1, exception.Start.Line), (int)Math.Max(1, exception.Start.Column));
            throw new YamlSyntaxException(position, exception.Message, exception);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or FormatException or IndexOutOfRangeException or NullReferenceException or OverflowException)
        {
            // The scanner throws these at some malformed input, such as bad surrogate escapes.
            throw new YamlSyntaxException(new YamlPosition(1, 1), $"not YAML: {exception.Message}", exception);
        }
    }

    private YamlNode ReadDocument()
    {
        Next<StreamStart>();
        if (_parser.TryConsume<StreamEnd>(out _))
        {
            return new YamlMapping(new YamlPosition(1, 1), []);
        }

        Next<DocumentStart>();
        var root = ReadNode(0);
        Next<DocumentEnd>();
        if (!_parser.TryConsume<StreamEnd>(out _))
        {
            throw new YamlSyntaxException(Position(), "the file must hold one YAML document");
        }

        return root is YamlScalar { IsNull: true } ? new YamlMapping(root.Position, []) : root;
    }

    private YamlNode ReadNode(int depth)
    {
        if (depth > DeepestNesting || ++_nodes > MostNodes)
        {
            throw new YamlSyntaxException(Position(), "nested too deeply, or too many values");
        }

        var position = Position();
        if (_parser.Current is NodeEvent node && (!node.Anchor.IsEmpty || !node.Tag.IsEmpty))
        {
            throw new YamlSyntaxException(position, "anchors and tags are not supported");
        }

        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            return new YamlScalar(position, scalar.Value, scalar.Style == ScalarStyle.Plain);
        }

        if (_parser.TryConsume<SequenceStart>(out _))
        {
            return new YamlSequence(position, ReadItems(depth));
        }

        if (_parser.TryConsume<MappingStart>(out _))
        {
            return new YamlMapping(position, ReadEntries(depth));
        }

        throw new YamlSyntaxException(position, "aliases are not supported");
    }

    private List<YamlNode> ReadItems(int depth)
    {
        List<YamlNode> items = [];
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(ReadNode(depth + 1));
        }

        return items;
    }

    private List<YamlEntry> ReadEntries(int depth)
    {
        List<YamlEntry> entries = [];
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (ReadNode(depth + 1) is not YamlScalar key)
            {
                throw new YamlSyntaxException(Position(), "a key must be a word");
            }

            entries.Add(new YamlEntry(key.Text, key.Position, ReadNode(depth + 1)));
        }

        return entries;
    }

    private void Next<T>()
        where T : ParsingEvent
    {
        if (!_parser.TryConsume<T>(out _))
        {
            throw new YamlSyntaxException(Position(), "the YAML ends too early");
        }
    }

    private YamlPosition Position()
    {
        // Accept looks at the next event without taking it.
        _ = _parser.Accept<NodeEvent>(out _);
        var mark = _parser.Current?.Start ?? Mark.Empty;
        return new YamlPosition((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));
    }
}

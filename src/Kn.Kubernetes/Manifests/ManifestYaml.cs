using System.Buffers;
using System.Globalization;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Kn.Kubernetes.Manifests;

/// <summary>Turns YAML documents into JSON, by YAML's JSON schema: what is not quoted may be a number, a truth value or nothing.</summary>
/// <remarks>Anchors and aliases are refused: manifests have no use for them, and they are how small files become large.</remarks>
internal static class ManifestYaml
{
    private const int DeepestNesting = 64;

    /// <summary>Maps whose values are text, whatever they look like.</summary>
    private static readonly string[] s_texts = ["annotations", "labels", "data"];

    /// <summary>The documents, with their first lines.</summary>
    /// <exception cref="ManifestException">Not YAML.</exception>
    public static List<(long Line, ReadOnlyMemory<byte> Json)> ToJson(TextReader text)
    {
        try
        {
            var documents = new List<(long Line, ReadOnlyMemory<byte> Json)>();
            var parser = new Parser(text);
            parser.Consume<StreamStart>();
            while (parser.TryConsume<DocumentStart>(out var start))
            {
                var buffer = new ArrayBufferWriter<byte>();
                using (var writer = new Utf8JsonWriter(buffer))
                {
                    Write(parser, writer, 0, isText: false);
                }

                documents.Add((start.End.Line, buffer.WrittenMemory));
                parser.Consume<DocumentEnd>();
            }

            return documents;
        }
        catch (YamlException exception)
        {
            throw new ManifestException($"line {exception.Start.Line}: {exception.Message}", exception);
        }
    }

    private static void Write(Parser parser, Utf8JsonWriter writer, int depth, bool isText)
    {
        if (parser.TryConsume<Scalar>(out var scalar))
        {
            Write(writer, scalar, isText);
        }
        else if (depth > DeepestNesting)
        {
            throw new YamlException(parser.Current!.Start, parser.Current.End, "nested too deeply");
        }
        else if (parser.TryConsume<MappingStart>(out _))
        {
            WriteMap(parser, writer, depth, isText);
        }
        else if (parser.TryConsume<SequenceStart>(out _))
        {
            writer.WriteStartArray();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                Write(parser, writer, depth + 1, isText: false);
            }

            writer.WriteEndArray();
        }
        else
        {
            throw new YamlException(parser.Current!.Start, parser.Current.End, "anchors and aliases are not read");
        }
    }

    private static void WriteMap(Parser parser, Utf8JsonWriter writer, int depth, bool isText)
    {
        writer.WriteStartObject();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var name = parser.Consume<Scalar>().Value;
            writer.WritePropertyName(name);
            Write(parser, writer, depth + 1, isText || s_texts.Contains(name));
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, Scalar scalar, bool isText)
    {
        var value = scalar.Value;
        var isPlain = scalar.Style == ScalarStyle.Plain && !isText;
        if (isPlain && value is ("" or "~" or "null" or "Null" or "NULL"))
        {
            writer.WriteNullValue();
        }
        else if (isPlain && value is ("true" or "True" or "TRUE" or "false" or "False" or "FALSE"))
        {
            writer.WriteBooleanValue(value[0] is 't' or 'T');
        }
        else if (isPlain && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteStringValue(value);
        }
    }
}

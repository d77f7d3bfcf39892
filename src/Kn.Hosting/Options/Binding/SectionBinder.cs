using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kn.Hosting.Options.Yaml;
using Kn.Primitives;

namespace Kn.Hosting.Options.Binding;

/// <summary>Turns a section of the file into its options record: checks every key and value against the record's type, so that all faults
/// are told with their place, then lets System.Text.Json make the record.</summary>
/// <remarks>What the file leaves out is written into the JSON from the record's defaults: source-generated deserialisation sets
/// init-only properties that are absent to their type's zero, not to their initialiser.</remarks>
internal sealed class SectionBinder(ConfigErrors errors, JsonSerializerOptions options)
{
    private int _badValues;

    /// <summary>The options, or null when a value of the section is none. Keys that do not exist are told and passed over, so that the values
    /// beside them can be checked further.</summary>
    internal object? Bind(YamlNode? node, Type type, object defaults, string path)
    {
        _badValues = 0;
        var typeInfo = options.GetTypeInfo(type);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            WriteObject(writer, node, typeInfo, defaults, path);
        }

        if (_badValues > 0)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(buffer.WrittenSpan, typeInfo);
        }
        catch (JsonException exception)
        {
            errors.Add(path + exception.Path?.TrimStart('$'), "does not have the form that this option needs");
            return null;
        }
    }

    private void WriteObject(Utf8JsonWriter writer, YamlNode? node, JsonTypeInfo type, object? defaults, string path)
    {
        var entries = Entries(node, path);
        var properties = type.Properties.Where(static property => property.Set is not null).ToList();
        errors.CheckKeys(entries, [.. properties.Select(static property => property.Name)], path);
        writer.WriteStartObject();
        foreach (var property in properties)
        {
            var entry = entries.FirstOrDefault(entry => string.Equals(entry.Key, property.Name, StringComparison.Ordinal));
            var value = defaults is null ? null : property.Get?.Invoke(defaults);
            if (entry is not null && entry.Value is not YamlScalar { IsNull: true })
            {
                writer.WritePropertyName(property.Name);
                WriteValue(writer, entry.Value, property.PropertyType, value, ConfigErrors.Join(path, property.Name));
            }
            else if (value is not null)
            {
                writer.WritePropertyName(property.Name);
                JsonSerializer.Serialize(writer, value, options.GetTypeInfo(property.PropertyType));
            }
        }

        writer.WriteEndObject();
    }

    private IReadOnlyList<YamlEntry> Entries(YamlNode? node, string path)
    {
        if (node is YamlMapping map)
        {
            return map.Entries;
        }

        if (node is not (null or YamlScalar { IsNull: true }))
        {
            AddBadValue(node, path, "must be a section: keys with values, indented below it");
        }

        return [];
    }

    private void WriteValue(Utf8JsonWriter writer, YamlNode node, Type declared, object? defaults, string path)
    {
        errors.Locate(path, node.Position);
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (OptionWords.IsWord(type))
        {
            WriteWord(writer, node, type, path);
        }
        else if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ValueList<>))
        {
            WriteList(writer, node, type.GetGenericArguments()[0], path);
        }
        else if (options.GetTypeInfo(type) is { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } element })
        {
            WriteList(writer, node, element, path);
        }
        else if (options.GetTypeInfo(type) is { Kind: JsonTypeInfoKind.Dictionary, ElementType: { } valueType })
        {
            WriteDictionary(writer, node, valueType, path);
        }
        else
        {
            WriteObject(writer, node, options.GetTypeInfo(type), defaults ?? options.GetTypeInfo(type).CreateObject?.Invoke(), path);
        }
    }

    private void WriteWord(Utf8JsonWriter writer, YamlNode node, Type type, string path)
    {
        var fault = node is YamlScalar scalar
            ? OptionWords.Write(writer, scalar, type)
            : $"must be {OptionWords.Expectation(type) ?? "one of " + string.Join(", ", OptionWords.Names(type))}";
        if (fault is null)
        {
            return;
        }

        // Nobody reads the JSON of a section with a fault, but it must stay well-formed until its end.
        writer.WriteNullValue();
        AddBadValue(node, path, fault);
    }

    private void AddBadValue(YamlNode node, string path, string fault)
    {
        _badValues++;
        errors.Add(node.Position, path, fault);
    }

    private void WriteList(Utf8JsonWriter writer, YamlNode node, Type element, string path)
    {
        writer.WriteStartArray();
        if (node is YamlSequence sequence)
        {
            for (var index = 0; index < sequence.Items.Count; index++)
            {
                WriteValue(writer, sequence.Items[index], element, null, $"{path}[{index}]");
            }
        }
        else
        {
            AddBadValue(node, path, "must be a list, such as [a, b]");
        }

        writer.WriteEndArray();
    }

    private void WriteDictionary(Utf8JsonWriter writer, YamlNode node, Type valueType, string path)
    {
        var entries = Entries(node, path);
        errors.CheckKeys(entries, null, path);
        writer.WriteStartObject();
        foreach (var entry in entries)
        {
            writer.WritePropertyName(entry.Key);
            WriteValue(writer, entry.Value, valueType, null, ConfigErrors.Join(path, entry.Key));
        }

        writer.WriteEndObject();
    }
}

using System.Buffers;
using System.Collections;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kn.Hosting.Options.Binding;

namespace Kn.Hosting.Options;

/// <summary>Prints the config that is in effect; JSON is YAML, so it can be read back.</summary>
public static class EffectiveConfig
{
    /// <summary>All options, defaults included, as indented JSON with the file's keys.</summary>
    public static string Write(AgentOptions options)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("node", options.Node.Name);
            writer.WriteString("kubeconfig", options.Kubeconfig);
            WriteSection(writer, "log", options.Log, null);
            WriteSection(writer, "listen", options.Listen, null);
            WriteSection(writer, "paths", options.Node.Paths, null);
            WriteSection(writer, "cluster", options.Node.Cluster, null);
            foreach (var module in options.Modules)
            {
                WriteSection(writer, module.Entry.Name, module.Options, module);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteSection(Utf8JsonWriter writer, string name, object section, ModuleSection? module)
    {
        writer.WriteStartObject(name);
        if (module is not null)
        {
            writer.WriteBoolean("enabled", module.Enabled);
        }

        WriteMembers(writer, section, OptionJson.OptionsFor(module?.Entry.OptionsType.OriginatingResolver));
        writer.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter writer, object section, JsonSerializerOptions options)
    {
        foreach (var property in options.GetTypeInfo(section.GetType()).Properties.Where(static property => property.Set is not null && property.Get is not null))
        {
            writer.WritePropertyName(property.Name);
            WriteValue(writer, property.Get!(section), property.PropertyType, options);
        }
    }

    /// <summary>Words as words, also deep in lists: the serializer alone would write them as numbers.</summary>
    private static void WriteValue(Utf8JsonWriter writer, object? value, Type type, JsonSerializerOptions options)
    {
        var info = value is null or Enum ? null : options.GetTypeInfo(value.GetType());
        if (value is Enum word)
        {
            writer.WriteStringValue(JsonNamingPolicy.CamelCase.ConvertName(word.ToString()));
        }
        else if (info is { Kind: JsonTypeInfoKind.Object })
        {
            writer.WriteStartObject();
            WriteMembers(writer, value!, options);
            writer.WriteEndObject();
        }
        else if (value is IEnumerable items and not string && HasRecords(items, options))
        {
            writer.WriteStartArray();
            foreach (var item in items)
            {
                WriteValue(writer, item, item.GetType(), options);
            }

            writer.WriteEndArray();
        }
        else
        {
            JsonSerializer.Serialize(writer, value, options.GetTypeInfo(type));
        }
    }
    private static bool HasRecords(IEnumerable items, JsonSerializerOptions options)
    {
        foreach (var item in items)
        {
            return item is Enum || (options.TryGetTypeInfo(item.GetType(), out var info) && info.Kind == JsonTypeInfoKind.Object);
        }

        return false;
    }
}

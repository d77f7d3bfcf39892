using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>Writes fields as the API server does: what is empty or the default is left out.</summary>
internal static class JsonWriting
{
    public static void WriteNonEmpty(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            writer.WriteString(name, value);
        }
    }

    public static void WriteNonEmpty(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? value)
    {
        if (value is { } time)
        {
            writer.WriteString(name, time);
        }
    }

    public static void WriteNonEmpty(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ValueMap<string, string> map)
    {
        if (map.Count > 0)
        {
            writer.WriteStrings(name, map);
        }
    }

    public static void WriteStrings(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ValueMap<string, string> map)
    {
        writer.WriteStartObject(name);
        foreach (var (key, value) in map)
        {
            writer.WriteString(key, value);
        }

        writer.WriteEndObject();
    }

    public static void WriteNonEmpty<T>(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ValueList<T> list)
        where T : notnull
    {
        if (list.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var item in list)
        {
            writer.WriteStringValue(item.ToString());
        }

        writer.WriteEndArray();
    }

    public static void WriteTrue(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, bool value)
    {
        if (value)
        {
            writer.WriteBoolean(name, true);
        }
    }

    public static void WriteNonZero(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, int value)
    {
        if (value != 0)
        {
            writer.WriteNumber(name, value);
        }
    }

    /// <summary>An array of objects with one property each, such as hints.forZones.</summary>
    public static void WriteObjects<T>(this Utf8JsonWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> property, ValueList<T> list)
        where T : notnull
    {
        if (list.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var item in list)
        {
            writer.WriteStartObject();
            writer.WriteString(property, item.ToString());
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>The condition Ready, the only one that is held.</summary>
    public static void WriteReady(this Utf8JsonWriter writer, bool ready)
    {
        if (!ready)
        {
            return;
        }

        writer.WriteStartArray("conditions"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "Ready"u8);
        writer.WriteString("status"u8, "True"u8);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    /// <summary>The API's word for a protocol.</summary>
    public static ReadOnlySpan<byte> Word(this IpProtocol protocol) => protocol switch
    {
        IpProtocol.Udp => "UDP"u8,
        IpProtocol.Sctp => "SCTP"u8,
        _ => "TCP"u8,
    };
}

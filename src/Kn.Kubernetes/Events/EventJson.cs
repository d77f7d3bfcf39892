using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Kn.Kubernetes.Events;

/// <summary>core/v1 Event, as it is written. Its series (count, lastTimestamp) is what kubectl shows as "x5 over 2m".</summary>
/// <remarks>core/v1 and not events.k8s.io/v1: both are one storage, and this one may say later that it happened again.</remarks>
public static class EventJson
{
    /// <summary>Longest message (NoteLengthLimit, k8s.io/kubernetes/pkg/apis/core/validation/events.go).</summary>
    public const int MaxMessageBytes = 1024;

    /// <summary>Who reports.</summary>
    public const string Component = "kn";

    /// <summary>Longest name of an object.</summary>
    private const int MaxNameLength = 253;

    /// <summary>A name as client-go gives them: the object's, a dot, and a number that is used once.</summary>
    public static string NameOf(ClusterEvent item, DateTimeOffset at)
    {
        var suffix = string.Create(CultureInfo.InvariantCulture, $".{at.UtcTicks:x16}{Random.Shared.Next(1 << 16):x4}");
        var name = item.Regarding.Key.Name;
        return (name.Length + suffix.Length <= MaxNameLength ? name : name[..(MaxNameLength - suffix.Length)].TrimEnd('.', '-')) + suffix;
    }

    /// <summary>The collection that an Event is created in.</summary>
    public static string PathOf(ClusterEvent item) => $"/api/v1/namespaces/{item.Regarding.Namespace}/events";

    /// <summary>The Event.</summary>
    /// <param name="item">What happened.</param>
    /// <param name="name">Its name.</param>
    /// <param name="node">Who saw it.</param>
    /// <param name="series">How often, and when.</param>
    public static ReadOnlyMemory<byte> Write(ClusterEvent item, string name, string node, EventSeries series) => Write(writer =>
    {
        var regarding = item.Regarding;
        writer.WriteString("apiVersion"u8, "v1");
        writer.WriteString("kind"u8, "Event");
        writer.WriteStartObject("metadata"u8);
        writer.WriteString("name"u8, name);
        writer.WriteString("namespace"u8, regarding.Namespace);
        writer.WriteEndObject();
        writer.WriteStartObject("involvedObject"u8);
        writer.WriteString("apiVersion"u8, regarding.ApiVersion);
        writer.WriteString("kind"u8, regarding.Kind);
        WriteUnlessEmpty(writer, "namespace"u8, regarding.Key.Namespace);
        writer.WriteString("name"u8, regarding.Key.Name);
        WriteUnlessEmpty(writer, "uid"u8, regarding.Uid);
        writer.WriteEndObject();
        writer.WriteString("type"u8, item.IsWarning ? "Warning" : "Normal");
        writer.WriteString("reason"u8, item.Reason);
        writer.WriteString("message"u8, Shorten(item.Message));
        writer.WriteStartObject("source"u8);
        writer.WriteString("component"u8, Component);
        writer.WriteString("host"u8, node);
        writer.WriteEndObject();
        writer.WriteString("reportingComponent"u8, Component);
        writer.WriteString("reportingInstance"u8, node);
        writer.WriteString("firstTimestamp"u8, Timestamp(series.First));
        WriteSeries(writer, series);
    });

    /// <summary>The merge patch that says that it happened again.</summary>
    public static ReadOnlyMemory<byte> WriteAgain(EventSeries series) => Write(writer => WriteSeries(writer, series));

    private static void WriteSeries(Utf8JsonWriter writer, EventSeries series)
    {
        writer.WriteString("lastTimestamp"u8, Timestamp(series.Last));
        writer.WriteNumber("count"u8, series.Count);
    }

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteUnlessEmpty(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string value)
    {
        if (value.Length > 0)
        {
            writer.WriteString(name, value);
        }
    }

    /// <summary>Cut at a whole character.</summary>
    private static string Shorten(string message)
    {
        var kept = message;
        while (Encoding.UTF8.GetByteCount(kept) > MaxMessageBytes)
        {
            var length = Math.Min(kept.Length - 1, MaxMessageBytes);
            kept = kept[..(char.IsHighSurrogate(kept[length - 1]) ? length - 1 : length)];
        }

        return kept;
    }

    /// <summary>meta/v1 Time: whole seconds.</summary>
    private static string Timestamp(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}

/// <summary>How often something happened.</summary>
/// <param name="First">The first time.</param>
/// <param name="Last">The last time.</param>
/// <param name="Count">How often.</param>
public readonly record struct EventSeries(DateTimeOffset First, DateTimeOffset Last, int Count);

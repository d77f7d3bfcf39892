using System.Text.Json;

namespace Kn.Kubernetes.Json;

/// <summary>One event of a watch stream: its type, and where its object lies in the bytes.</summary>
internal readonly ref struct WatchFrame
{
    private WatchFrame(WatchFrameType type, ReadOnlySpan<byte> json)
    {
        Type = type;
        Object = json;
    }

    /// <summary>What it says.</summary>
    public WatchFrameType Type { get; }

    /// <summary>The object's JSON.</summary>
    public ReadOnlySpan<byte> Object { get; }

    /// <summary>Finds the next whole event; false when more bytes are needed.</summary>
    /// <param name="bytes">What was received.</param>
    /// <param name="frame">The event.</param>
    /// <param name="length">How many bytes it takes, with the white space in front of it.</param>
    /// <exception cref="JsonException">Not JSON; nothing behind it can be made sense of.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out WatchFrame frame, out int length)
    {
        frame = default;
        length = 0;
        var reader = new Utf8JsonReader(bytes, isFinalBlock: false, default);
        if (!reader.Read())
        {
            return false;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException($"expected an event, found {reader.TokenType}");
        }

        var type = WatchFrameType.Unknown;
        var json = default(ReadOnlySpan<byte>);
        while (true)
        {
            if (!reader.Read())
            {
                return false;
            }

            if (reader.TokenType == JsonTokenType.EndObject)
            {
                frame = new WatchFrame(type, json);
                length = (int)reader.BytesConsumed;
                return true;
            }

            var isType = reader.ValueTextEquals("type"u8);
            var isObject = reader.ValueTextEquals("object"u8);
            if (!reader.Read())
            {
                return false;
            }

            var start = (int)reader.TokenStartIndex;
            type = isType ? TypeOf(ref reader) : type;
            if (!reader.TrySkip())
            {
                return false;
            }

            json = isObject ? bytes[start..(int)reader.BytesConsumed] : json;
        }
    }

    private static WatchFrameType TypeOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return WatchFrameType.Unknown;
        }

        return reader.ValueTextEquals("MODIFIED"u8) ? WatchFrameType.Modified
            : reader.ValueTextEquals("ADDED"u8) ? WatchFrameType.Added
            : reader.ValueTextEquals("DELETED"u8) ? WatchFrameType.Deleted
            : reader.ValueTextEquals("BOOKMARK"u8) ? WatchFrameType.Bookmark
            : reader.ValueTextEquals("ERROR"u8) ? WatchFrameType.Error
            : WatchFrameType.Unknown;
    }
}

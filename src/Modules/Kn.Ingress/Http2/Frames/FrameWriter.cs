using System.Buffers.Binary;

namespace Kn.Ingress.Http2.Frames;

/// <summary>Writes the frames that are not of a request: each returns how many octets it has written.</summary>
internal static class FrameWriter
{
    /// <summary>How much of <see cref="Preface"/> looks like a head of HTTP/1.1.</summary>
    public const int PrefaceHead = 18;

    /// <summary>What a client begins with (RFC 9113 §3.4).</summary>
    public static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>SETTINGS.</summary>
    public static int Settings(Span<byte> destination, params ReadOnlySpan<(SettingKind Kind, uint Value)> settings)
    {
        var length = settings.Length * PeerSettings.SettingSize;
        new FrameHeader(length, FrameKind.Settings, FrameFlags.None, 0).Write(destination);
        var at = FrameHeader.Size;
        foreach (var (kind, value) in settings)
        {
            BinaryPrimitives.WriteUInt16BigEndian(destination[at..], (ushort)kind);
            BinaryPrimitives.WriteUInt32BigEndian(destination[(at + 2)..], value);
            at += PeerSettings.SettingSize;
        }

        return at;
    }

    /// <summary>SETTINGS that were taken note of.</summary>
    public static int SettingsAck(Span<byte> destination) => Bare(destination, FrameKind.Settings, FrameFlags.Ack);

    /// <summary>PING, or its echo.</summary>
    public static int Ping(Span<byte> destination, ReadOnlySpan<byte> opaque, bool isAck)
    {
        new FrameHeader(8, FrameKind.Ping, isAck ? FrameFlags.Ack : FrameFlags.None, 0).Write(destination);
        opaque[..8].CopyTo(destination[FrameHeader.Size..]);
        return FrameHeader.Size + 8;
    }

    /// <summary>GOAWAY.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="last">The last stream that something was, or will be, done with.</param>
    /// <param name="error">Why.</param>
    public static int GoAway(Span<byte> destination, int last, Http2Error error)
    {
        new FrameHeader(8, FrameKind.GoAway, FrameFlags.None, 0).Write(destination);
        BinaryPrimitives.WriteInt32BigEndian(destination[FrameHeader.Size..], last);
        BinaryPrimitives.WriteUInt32BigEndian(destination[(FrameHeader.Size + 4)..], (uint)error);
        return FrameHeader.Size + 8;
    }

    /// <summary>RST_STREAM.</summary>
    public static int Reset(Span<byte> destination, int stream, Http2Error error) => Number(destination, FrameKind.Reset, stream, (uint)error);

    /// <summary>WINDOW_UPDATE.</summary>
    public static int WindowUpdate(Span<byte> destination, int stream, int increment) => Number(destination, FrameKind.WindowUpdate, stream, (uint)increment);

    private static int Bare(Span<byte> destination, FrameKind kind, FrameFlags flags)
    {
        new FrameHeader(0, kind, flags, 0).Write(destination);
        return FrameHeader.Size;
    }

    private static int Number(Span<byte> destination, FrameKind kind, int stream, uint number)
    {
        new FrameHeader(4, kind, FrameFlags.None, stream).Write(destination);
        BinaryPrimitives.WriteUInt32BigEndian(destination[FrameHeader.Size..], number);
        return FrameHeader.Size + 4;
    }
}

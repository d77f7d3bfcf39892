using System.Buffers.Text;
using System.Globalization;
using Kn.Ingress.Http;

namespace Kn.Ingress.Proxying;

/// <summary>A line of the access log, written in two parts: what is known when the request comes, and what is known when it is answered.</summary>
/// <remarks>What clients wrote is cut to a length, and escaped so that it stays one string of one line.</remarks>
internal static class AccessLine
{
    /// <summary>Longest line.</summary>
    public const int MaxLength = 4096;

    private const int MaxText = 1024;

    /// <summary>Begins a line; returns how long it is.</summary>
    public static int Begin(Span<byte> line, RequestHead request, ReadOnlySpan<byte> head, ClientIdentity client, DateTimeOffset now)
    {
        var writer = new HeadWriter(line);
        Span<byte> time = stackalloc byte[40];
        _ = now.UtcDateTime.TryFormat(time, out var length, "yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        writer.Write("{\"ts\":\""u8);
        writer.Write(time[..length]);
        writer.Write("\",\"client\":\""u8);
        writer.Write(client.Address);
        Text(ref writer, "\",\"method\":\""u8, request.Method(head));
        Text(ref writer, "\",\"host\":\""u8, request.Host(head));
        Text(ref writer, "\",\"target\":\""u8, request.Target(head));
        foreach (ref readonly var field in request.Fields.All)
        {
            var name = head.Slice(field.Start, field.NameLength);
            if (FieldKinds.Is(name, "user-agent"u8))
            {
                Text(ref writer, "\",\"userAgent\":\""u8, field.Value(head));
            }
            else if (FieldKinds.Is(name, "referer"u8))
            {
                Text(ref writer, "\",\"referer\":\""u8, field.Value(head));
            }
        }

        writer.Write("\""u8);
        return writer.IsFull ? 0 : writer.Length;
    }

    /// <summary>Ends a line; returns how long it is.</summary>
    public static int End(Span<byte> line, int length, int status, long bytes, double seconds, ReadOnlySpan<byte> upstream, ReadOnlySpan<byte> id)
    {
        var writer = new HeadWriter(line[length..]);
        writer.Write(",\"status\":"u8);
        writer.Write(status);
        writer.Write(",\"bytes\":"u8);
        writer.Write(bytes);
        writer.Write(",\"seconds\":"u8);
        Span<byte> number = stackalloc byte[32];
        _ = Utf8Formatter.TryFormat(seconds, number, out var digits, new System.Buffers.StandardFormat('F', 6));
        writer.Write(number[..digits]);
        Text(ref writer, ",\"upstream\":\""u8, upstream);
        Text(ref writer, "\",\"id\":\""u8, id);
        writer.Write("\"}\n"u8);
        return writer.IsFull ? 0 : length + writer.Length;
    }

    private static void Text(ref HeadWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        writer.Write(name);
        Span<byte> escaped = stackalloc byte[6];
        foreach (var letter in value[..Math.Min(value.Length, MaxText)])
        {
            if (letter is >= 0x20 and < 0x7F and not (byte)'"' and not (byte)'\\')
            {
                writer.Write([letter]);
                continue;
            }

            "\\u00"u8.CopyTo(escaped);
            _ = Utf8Formatter.TryFormat(letter, escaped[4..], out _, new System.Buffers.StandardFormat('x', 2));
            writer.Write(escaped);
        }
    }
}

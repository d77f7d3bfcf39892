using System.Globalization;
using Kn.Ingress.Http;

namespace Kn.Ingress.Proxying;

/// <summary>A line of the access log in NCSA's combined form, as Apache and nginx write it:
/// <c>ADDRESS - - [TIME] "METHOD TARGET VERSION" STATUS BYTES "REFERER" "USER-AGENT"</c>.</summary>
/// <remarks>Written in two parts: what comes behind status and bytes waits at the end of the buffer.</remarks>
internal static class CombinedLine
{
    private const int MaxText = 1024;
    private const int LengthAt = AccessLine.MaxLength - 2;
    private const int Tail = 1800;

    /// <summary>Begins a line; returns how long it is.</summary>
    public static int Begin(Span<byte> line, RequestHead request, ReadOnlySpan<byte> head, ClientIdentity client, DateTimeOffset now)
    {
        var tail = new HeadWriter(line[Tail..LengthAt]);
        Quote(ref tail, FieldOf(request, head, "referer"u8));
        tail.Write(" "u8);
        Quote(ref tail, FieldOf(request, head, "user-agent"u8));
        tail.Write("\n"u8);
        var writer = new HeadWriter(line[..Tail]);
        Span<byte> time = stackalloc byte[40];
        _ = now.UtcDateTime.TryFormat(time, out var length, "dd/MMM/yyyy:HH:mm:ss", CultureInfo.InvariantCulture);
        writer.Write(client.Address);
        writer.Write(" - - ["u8);
        writer.Write(time[..length]);
        writer.Write(" +0000] \""u8);
        Text(ref writer, request.Method(head));
        writer.Write(" "u8);
        Text(ref writer, request.Target(head));
        writer.Write(request.IsHttp11 ? " HTTP/1.1\""u8 : " HTTP/1.0\""u8);
        BitConverter.TryWriteBytes(line[LengthAt..], (ushort)tail.Length);
        return writer.IsFull || tail.IsFull ? 0 : writer.Length;
    }

    /// <summary>Ends a line; returns how long it is.</summary>
    public static int End(Span<byte> line, int length, int status, long bytes)
    {
        var tail = line.Slice(Tail, BitConverter.ToUInt16(line[LengthAt..]));
        Span<byte> middle = stackalloc byte[32];
        var writer = new HeadWriter(middle);
        writer.Write(" "u8);
        writer.Write(status);
        writer.Write(" "u8);
        writer.Write(bytes);
        writer.Write(" "u8);
        if (length + writer.Length > Tail)
        {
            return 0;
        }

        middle[..writer.Length].CopyTo(line[length..]);
        tail.CopyTo(line[(length + writer.Length)..]);
        return length + writer.Length + tail.Length;
    }

    private static ReadOnlySpan<byte> FieldOf(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> lowerName)
    {
        foreach (ref readonly var field in request.Fields.All)
        {
            if (FieldKinds.Is(head.Slice(field.Start, field.NameLength), lowerName))
            {
                return field.Value(head);
            }
        }

        return "-"u8;
    }

    private static void Quote(ref HeadWriter writer, ReadOnlySpan<byte> text)
    {
        writer.Write("\""u8);
        Text(ref writer, text);
        writer.Write("\""u8);
    }

    /// <summary>As nginx: what is no plain letter is \xNN.</summary>
    private static void Text(ref HeadWriter writer, ReadOnlySpan<byte> text)
    {
        Span<byte> escaped = stackalloc byte[4];
        foreach (var letter in text[..Math.Min(text.Length, MaxText)])
        {
            if (letter is >= 0x20 and < 0x7F and not (byte)'"' and not (byte)'\\')
            {
                writer.Write([letter]);
                continue;
            }

            "\\x"u8.CopyTo(escaped);
            escaped[2] = "0123456789ABCDEF"u8[letter >> 4];
            escaped[3] = "0123456789ABCDEF"u8[letter & 15];
            writer.Write(escaped);
        }
    }
}

namespace Kn.Ingress.Http;

/// <summary>Makes the head that a client gets of the one that a backend sent.</summary>
internal static class ResponseRewriter
{
    /// <summary>Writes the head.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="response">What was read of it.</param>
    /// <param name="head">Its bytes.</param>
    /// <param name="persistence">What the client is told of the connection.</param>
    /// <param name="isUpgrade">Whether the connection becomes another protocol's with it.</param>
    /// <param name="lines">Lines of fields that the client gets, in place of the backend's of the same names; cookies are added.</param>
    /// <param name="strictTransport">The field that says to come by TLS alone, with its end, in place of the backend's own; empty to leave that.</param>
    /// <returns>Its length; 0 when it does not fit.</returns>
    public static int Write(
        Span<byte> destination, ResponseHead response, ReadOnlySpan<byte> head, Persistence persistence, bool isUpgrade, ReadOnlySpan<byte> lines = default, ReadOnlySpan<byte> strictTransport = default)
    {
        var writer = new HeadWriter(destination);
        writer.Write("HTTP/1.1 "u8);
        writer.Write(response.StatusText(head));
        writer.Write("\r\n"u8);
        foreach (ref readonly var field in response.Fields.All)
        {
            var isLeftOut = field.Kind is FieldKind.Connection or FieldKind.Hop or FieldKind.NamedHop || (field.Kind == FieldKind.Upgrade && !isUpgrade)
                || (field.Kind == FieldKind.StrictTransport && !strictTransport.IsEmpty);
            if (!isLeftOut && (lines.IsEmpty || !IsReplaced(field, head, lines)))
            {
                writer.Write(field.Line(head));
            }
        }

        FieldLines.Write(ref writer, lines);
        writer.Write(strictTransport);
        writer.Write(isUpgrade ? "Connection: upgrade\r\n\r\n"u8 : persistence switch
        {
            Persistence.Closes => "Connection: close\r\n\r\n"u8,
            Persistence.KeepsAliveAloud => "Connection: keep-alive\r\n\r\n"u8,
            _ => "\r\n"u8,
        });
        return writer.IsFull ? 0 : writer.Length;
    }

    private static bool IsReplaced(in Field field, ReadOnlySpan<byte> head, ReadOnlySpan<byte> lines)
    {
        var name = head.Slice(field.Start, field.NameLength);
        return field.Kind == FieldKind.Other && !FieldKinds.Is(name, "set-cookie"u8) && FieldLines.Has(lines, name);
    }
}

/// <summary>What a client is told of its connection.</summary>
internal enum Persistence : byte
{
    /// <summary>Nothing: it goes on, as HTTP/1.1 has it.</summary>
    KeepsAlive,

    /// <summary>It goes on, as a client of HTTP/1.0 has to be told.</summary>
    KeepsAliveAloud,

    /// <summary>It ends.</summary>
    Closes,
}

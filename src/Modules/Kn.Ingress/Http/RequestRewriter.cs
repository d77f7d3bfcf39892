namespace Kn.Ingress.Http;

/// <summary>Makes the head that a backend gets of the one that a client sent.</summary>
/// <remarks>Fields of the hop are left out (RFC 9110 §7.6.1), all others go on as they came, in their order. What tells of the client
/// (X-Forwarded-*, Forwarded, X-Real-Ip) is the proxy's to say: what a client that is not trusted says of itself is left out.</remarks>
internal static class RequestRewriter
{
    /// <summary>Writes the head.</summary>
    /// <returns>Its length; 0 when it does not fit.</returns>
    public static int Write(Span<byte> destination, RequestHead request, ReadOnlySpan<byte> head, ClientIdentity client, ReadOnlySpan<byte> requestId, bool withForwarded, RequestChanges changes = default)
    {
        var writer = new HeadWriter(destination);
        writer.Write(request.Method(head));
        writer.Write(" "u8);
        writer.Write(changes.Target.IsEmpty ? request.Target(head) : changes.Target);

        // To a client of HTTP/1.0 no chunks can be passed on: its backend is asked in 1.0 too.
        writer.Write(request.IsHttp11 ? " HTTP/1.1\r\nHost: "u8 : " HTTP/1.0\r\nHost: "u8);
        writer.Write(changes.Host.IsEmpty ? request.Authority(head) : changes.Host);
        writer.Write("\r\n"u8);
        WriteFields(ref writer, request, head, client, withForwarded, changes.Lines);
        WriteClient(ref writer, request, head, client, withForwarded, changes.Lines);
        writer.Field("X-Request-Id: "u8, requestId);
        FieldLines.Write(ref writer, changes.Lines);
        if (request.WantsUpgrade)
        {
            writer.Write("Connection: upgrade\r\n"u8);
        }
        else if (changes.Connection is { } connection)
        {
            writer.Field("Connection: "u8, System.Text.Encoding.ASCII.GetBytes(connection));
        }

        writer.Write("\r\n"u8);
        return writer.IsFull ? 0 : writer.Length;
    }

    private static void WriteFields(ref HeadWriter writer, RequestHead request, ReadOnlySpan<byte> head, ClientIdentity client, bool withForwarded, ReadOnlySpan<byte> replaced)
    {
        foreach (ref readonly var field in request.Fields.All)
        {
            var goesOn = field.Kind switch
            {
                FieldKind.Other or FieldKind.StrictTransport or FieldKind.ContentLength or FieldKind.TransferEncoding or FieldKind.Expect => true,
                FieldKind.Upgrade => request.WantsUpgrade,
                FieldKind.ForwardedProto or FieldKind.ForwardedHost or FieldKind.ForwardedPort => client.IsTrusted,
                FieldKind.Forwarded => client.IsTrusted && !withForwarded,
                _ => false,
            };
            if (goesOn && (replaced.IsEmpty || !FieldLines.Has(replaced, head.Slice(field.Start, field.NameLength))))
            {
                writer.Write(field.Line(head));
            }
        }
    }

    private static void WriteClient(ref HeadWriter writer, RequestHead request, ReadOnlySpan<byte> head, ClientIdentity client, bool withForwarded, ReadOnlySpan<byte> replaced)
    {
        if (!FieldLines.Has(replaced, "X-Real-Ip"u8))
        {
            writer.Field("X-Real-Ip: "u8, client.IsTrusted ? First(ValueOf(request, head, FieldKind.ForwardedFor), client.Address) : client.Address);
        }

        WriteList(ref writer, request, head, client.IsTrusted ? FieldKind.ForwardedFor : null, "X-Forwarded-For: "u8);
        writer.Write(client.Address);
        writer.Write("\r\n"u8);
        if (!Says(request, client, FieldKind.ForwardedHost) && !FieldLines.Has(replaced, "X-Forwarded-Host"u8))
        {
            writer.Field("X-Forwarded-Host: "u8, request.Authority(head));
        }

        if (!Says(request, client, FieldKind.ForwardedPort) && !FieldLines.Has(replaced, "X-Forwarded-Port"u8))
        {
            writer.Field("X-Forwarded-Port: "u8, client.Port);
        }

        if (!Says(request, client, FieldKind.ForwardedProto) && !FieldLines.Has(replaced, "X-Forwarded-Proto"u8))
        {
            writer.Field("X-Forwarded-Proto: "u8, client.Scheme);
        }

        if (withForwarded)
        {
            WriteList(ref writer, request, head, client.IsTrusted ? FieldKind.Forwarded : null, "Forwarded: "u8);
            writer.Write("for="u8);
            writer.Write(client.ForwardedFor);
            writer.Write(";proto="u8);
            writer.Write(client.Scheme);
            writer.Write("\r\n"u8);
        }
    }

    /// <summary>Begins a field that goes on with what all fields of that kind have said.</summary>
    private static void WriteList(ref HeadWriter writer, RequestHead request, ReadOnlySpan<byte> head, FieldKind? kind, ReadOnlySpan<byte> nameAndColon)
    {
        writer.Write(nameAndColon);
        if (kind is null)
        {
            return;
        }

        foreach (ref readonly var field in request.Fields.All)
        {
            if (field.Kind == kind && field.ValueLength > 0)
            {
                writer.Write(field.Value(head));
                writer.Write(", "u8);
            }
        }
    }

    private static bool Says(RequestHead request, ClientIdentity client, FieldKind kind) => client.IsTrusted && Find(request, kind) >= 0;

    private static int Find(RequestHead request, FieldKind kind)
    {
        var fields = request.Fields.All;
        for (var index = 0; index < fields.Length; index++)
        {
            if (fields[index].Kind == kind)
            {
                return index;
            }
        }

        return -1;
    }

    private static ReadOnlySpan<byte> ValueOf(RequestHead request, ReadOnlySpan<byte> head, FieldKind kind) =>
        Find(request, kind) is >= 0 and { } index ? request.Fields.All[index].Value(head) : default;

    /// <summary>The first address of a list; the other where there is none.</summary>
    private static ReadOnlySpan<byte> First(ReadOnlySpan<byte> list, ReadOnlySpan<byte> other)
    {
        var comma = list.IndexOf((byte)',');
        var first = (comma < 0 ? list : list[..comma]).Trim(" \t"u8);
        return first.IsEmpty ? other : first;
    }
}

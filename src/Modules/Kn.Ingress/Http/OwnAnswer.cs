namespace Kn.Ingress.Http;

/// <summary>Answers that are Kn's own: small pages that say what is wrong and no more.</summary>
internal static class OwnAnswer
{
    /// <summary>Longest answer.</summary>
    public const int MaxLength = 512;

    /// <summary>The status that sends a client elsewhere with the method and body that it came with (RFC 9110 §15.4.9).</summary>
    public const int PermanentRedirect = 308;

    /// <summary>The status that a fault in a head is answered with.</summary>
    public static int StatusOf(HeadFault fault) => fault switch
    {
        HeadFault.TooLarge => 431,
        HeadFault.Version => 505,
        HeadFault.UnknownEncoding => 501,
        HeadFault.Expectation => 417,
        HeadFault.Method => 405,
        _ => 400,
    };

    /// <summary>Writes an answer.</summary>
    /// <param name="destination">Of <see cref="MaxLength"/> at least.</param>
    /// <param name="status">The status code.</param>
    /// <param name="requestId">Lets the client's user tell the operator which request it was; may be empty.</param>
    /// <param name="persistence">What the client is told of the connection.</param>
    /// <param name="isToHead">Whether it answers a HEAD.</param>
    /// <param name="lines">Lines of fields that it has beside its own; <paramref name="destination"/> has room for them as well.</param>
    /// <returns>Its length; 0 when it does not fit.</returns>
    public static int Write(Span<byte> destination, int status, ReadOnlySpan<byte> requestId, Persistence persistence, bool isToHead, ReadOnlySpan<byte> lines = default)
    {
        var reason = Reason(status);
        var writer = new HeadWriter(destination);
        writer.Write("HTTP/1.1 "u8);
        writer.Write(status);
        writer.Write(" "u8);
        writer.Write(reason);
        writer.Write("\r\n"u8);
        if (status != 204)
        {
            writer.Write("Content-Type: text/plain\r\nContent-Length: "u8);
            writer.Write(4 + reason.Length + 1);
            writer.Write("\r\n"u8);
        }

        if (!requestId.IsEmpty)
        {
            writer.Field("X-Request-Id: "u8, requestId);
        }

        FieldLines.Write(ref writer, lines);
        writer.Write(EndOf(persistence)[2..]);
        if (!isToHead && status != 204)
        {
            writer.Write(status);
            writer.Write(" "u8);
            writer.Write(reason);
            writer.Write("\n"u8);
        }

        return writer.IsFull ? 0 : writer.Length;
    }

    /// <summary>Begins to send a client to the same place by TLS.</summary>
    /// <param name="destination">Longer than the head by a kilobyte at least.</param>
    /// <param name="request">What was read of the head.</param>
    /// <param name="head">The head.</param>
    /// <param name="port">Where TLS is spoken.</param>
    /// <returns>How much is written; <see cref="FinishRedirect"/> goes on.</returns>
    public static int WriteRedirect(Span<byte> destination, RequestHead request, ReadOnlySpan<byte> head, ushort port)
    {
        var writer = new HeadWriter(destination);
        writer.Write("HTTP/1.1 308 Permanent Redirect\r\nContent-Length: 0\r\nLocation: https://"u8);
        writer.Write(request.Host(head));
        if (port != 443)
        {
            writer.Write(":"u8);
            writer.Write(port);
        }

        writer.Write(request.Target(head));
        return writer.Length;
    }

    /// <summary>Says how the connection goes on.</summary>
    /// <returns>The answer's length.</returns>
    public static int FinishRedirect(Span<byte> destination, int length, Persistence persistence)
    {
        var end = EndOf(persistence);
        end.CopyTo(destination[length..]);
        return length + end.Length;
    }

    private static ReadOnlySpan<byte> EndOf(Persistence persistence) => persistence switch
    {
        Persistence.Closes => "\r\nConnection: close\r\n\r\n"u8,
        Persistence.KeepsAliveAloud => "\r\nConnection: keep-alive\r\n\r\n"u8,
        _ => "\r\n\r\n"u8,
    };

    private static ReadOnlySpan<byte> Reason(int status) => status switch
    {
        204 => "No Content"u8,
        301 => "Moved Permanently"u8,
        302 => "Found"u8,
        303 => "See Other"u8,
        307 => "Temporary Redirect"u8,
        308 => "Permanent Redirect"u8,
        400 => "Bad Request"u8,
        401 => "Unauthorized"u8,
        403 => "Forbidden"u8,
        404 => "Not Found"u8,
        405 => "Method Not Allowed"u8,
        408 => "Request Timeout"u8,
        413 => "Content Too Large"u8,
        429 => "Too Many Requests"u8,
        417 => "Expectation Failed"u8,
        431 => "Request Header Fields Too Large"u8,
        501 => "Not Implemented"u8,
        502 => "Bad Gateway"u8,
        503 => "Service Unavailable"u8,
        504 => "Gateway Timeout"u8,
        505 => "HTTP Version Not Supported"u8,
        _ => "Internal Server Error"u8,
    };
}

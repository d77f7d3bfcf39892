namespace Kn.Ingress.Http;

/// <summary>Answers that are Kn's own: small pages that say what is wrong and no more.</summary>
internal static class OwnAnswer
{
    /// <summary>Longest answer.</summary>
    public const int MaxLength = 512;

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
        writer.Write(persistence switch
        {
            Persistence.Closes => "Connection: close\r\n\r\n"u8,
            Persistence.KeepsAliveAloud => "Connection: keep-alive\r\n\r\n"u8,
            _ => "\r\n"u8,
        });
        if (!isToHead && status != 204)
        {
            writer.Write(status);
            writer.Write(" "u8);
            writer.Write(reason);
            writer.Write("\n"u8);
        }

        return writer.IsFull ? 0 : writer.Length;
    }

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

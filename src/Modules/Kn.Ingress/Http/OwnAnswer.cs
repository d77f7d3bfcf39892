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
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> destination, int status, ReadOnlySpan<byte> requestId, Persistence persistence, bool isToHead)
    {
        var reason = Reason(status);
        var writer = new HeadWriter(destination);
        writer.Write("HTTP/1.1 "u8);
        writer.Write(status);
        writer.Write(" "u8);
        writer.Write(reason);
        writer.Write("\r\nContent-Type: text/plain\r\nContent-Length: "u8);
        writer.Write(4 + reason.Length + 1);
        if (!requestId.IsEmpty)
        {
            writer.Write("\r\nX-Request-Id: "u8);
            writer.Write(requestId);
        }

        writer.Write(persistence switch
        {
            Persistence.Closes => "\r\nConnection: close\r\n\r\n"u8,
            Persistence.KeepsAliveAloud => "\r\nConnection: keep-alive\r\n\r\n"u8,
            _ => "\r\n\r\n"u8,
        });
        if (!isToHead)
        {
            writer.Write(status);
            writer.Write(" "u8);
            writer.Write(reason);
            writer.Write("\n"u8);
        }

        return writer.Length;
    }

    private static ReadOnlySpan<byte> Reason(int status) => status switch
    {
        400 => "Bad Request"u8,
        404 => "Not Found"u8,
        405 => "Method Not Allowed"u8,
        408 => "Request Timeout"u8,
        413 => "Content Too Large"u8,
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

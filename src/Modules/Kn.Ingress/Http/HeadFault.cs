namespace Kn.Ingress.Http;

/// <summary>What is wrong with a message's head; each is refused, because two programs may read it in two ways (RFC 9112 §11.2).</summary>
internal enum HeadFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The first line is not METHOD SP TARGET SP VERSION, or VERSION SP CODE SP REASON.</summary>
    StartLine,

    /// <summary>A version other than 1.0 and 1.1.</summary>
    Version,

    /// <summary>A line ends in LF alone, or holds a CR (RFC 9112 §2.2).</summary>
    LineEnd,

    /// <summary>A field's name is no token, or space is before its colon (RFC 9112 §5.1).</summary>
    FieldName,

    /// <summary>A field's value holds control characters.</summary>
    FieldValue,

    /// <summary>A line that begins with space: obs-fold (RFC 9112 §5.2).</summary>
    Folding,

    /// <summary>More bytes, or more fields, than are allowed.</summary>
    TooLarge,

    /// <summary>No Host in HTTP/1.1, several, or one that is no host (RFC 9112 §3.2).</summary>
    Host,

    /// <summary>Content-Length twice, or no number (RFC 9112 §6.3).</summary>
    ContentLength,

    /// <summary>Transfer-Encoding twice, in HTTP/1.0, or beside Content-Length (RFC 9112 §6.1).</summary>
    TransferEncoding,

    /// <summary>A Transfer-Encoding other than chunked.</summary>
    UnknownEncoding,

    /// <summary>A target that is no path, or one that climbs.</summary>
    Target,

    /// <summary>An expectation other than 100-continue (RFC 9110 §10.1.1).</summary>
    Expectation,

    /// <summary>CONNECT and TRACE are not for a reverse proxy.</summary>
    Method,
}

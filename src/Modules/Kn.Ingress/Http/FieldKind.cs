namespace Kn.Ingress.Http;

/// <summary>The fields that mean something to a proxy.</summary>
internal enum FieldKind : byte
{
    /// <summary>Any other: passed on.</summary>
    Other,

    /// <summary>Host.</summary>
    Host,

    /// <summary>Connection.</summary>
    Connection,

    /// <summary>Content-Length.</summary>
    ContentLength,

    /// <summary>Transfer-Encoding.</summary>
    TransferEncoding,

    /// <summary>Upgrade.</summary>
    Upgrade,

    /// <summary>Expect.</summary>
    Expect,

    /// <summary>Keep-Alive, Proxy-Connection and TE: of this hop only (RFC 9110 §7.6.1).</summary>
    Hop,

    /// <summary>Named in Connection, so of this hop only.</summary>
    NamedHop,

    /// <summary>Never passed on: Proxy, which CGI turns into HTTP_PROXY, and names with an underscore, which CGI cannot tell from others.</summary>
    Dropped,

    /// <summary>Forwarded.</summary>
    Forwarded,

    /// <summary>X-Forwarded-For.</summary>
    ForwardedFor,

    /// <summary>X-Forwarded-Proto.</summary>
    ForwardedProto,

    /// <summary>X-Forwarded-Host.</summary>
    ForwardedHost,

    /// <summary>X-Forwarded-Port.</summary>
    ForwardedPort,

    /// <summary>X-Real-Ip.</summary>
    RealIp,

    /// <summary>X-Request-Id.</summary>
    RequestId,

    /// <summary>Strict-Transport-Security (RFC 6797), of answers.</summary>
    StrictTransport,
}

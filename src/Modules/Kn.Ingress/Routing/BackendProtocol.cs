namespace Kn.Ingress.Routing;

/// <summary>What a backend speaks, as the annotation backend-protocol says: HTTP, HTTPS (<see cref="Tls"/>), GRPC (<see cref="Http2"/>) and GRPCS (both).</summary>
[Flags]
internal enum BackendProtocol : byte
{
    /// <summary>HTTP/1.1 in the clear.</summary>
    Http1 = 0,

    /// <summary>HTTP/2: many requests on a connection, and without TLS known beforehand (h2c with prior knowledge, RFC 9113 §3.3).</summary>
    Http2 = 1,

    /// <summary>On TLS.</summary>
    Tls = 2,
}

namespace Kn.Ingress.Http;

/// <summary>How a message's body ends (RFC 9112 §6).</summary>
internal enum BodyFraming : byte
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>After so many bytes.</summary>
    Length,

    /// <summary>With its last chunk.</summary>
    Chunked,

    /// <summary>With the connection; answers only.</summary>
    UntilClose,
}

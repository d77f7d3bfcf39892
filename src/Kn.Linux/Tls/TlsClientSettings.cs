using Kn.Primitives;

namespace Kn.Linux.Tls;

/// <summary>What a client asks of its servers.</summary>
public sealed record TlsClientSettings
{
    /// <summary>Whether the server has to prove who it is.</summary>
    public bool Verifies { get; init; }

    /// <summary>Who vouches for the server; null for those whom the host trusts.</summary>
    public TlsCertificate? Trusted { get; init; }

    /// <summary>What the client shows where it is asked who it is; null for nothing.</summary>
    public TlsCertificate? Certificate { get; init; }

    /// <summary>Protocols that may be spoken inside (ALPN); none to speak of none.</summary>
    public ValueList<string> Protocols { get; init; }
}

using Kn.Primitives;

namespace Kn.Linux.Tls;

/// <summary>What a server offers.</summary>
public sealed record TlsServerSettings
{
    /// <summary>What both sides are good at by hardware, with forward secrecy and authenticated encryption: the suites of TLS 1.2 that RFC 9325 §4.2
    /// recommends.</summary>
    public const string StrongCiphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

    /// <summary>How long the keys of session tickets are: a name, a key of authentication and one of encryption.</summary>
    public const int TicketKeyBytes = 80;

    /// <summary>Whether TLS 1.2 is spoken too; 1.3 always is.</summary>
    public bool AllowsTls12 { get; init; } = true;

    /// <summary>Suites of TLS 1.2 in OpenSSL's words; those of 1.3 are all good.</summary>
    public string Ciphers { get; init; } = StrongCiphers;

    /// <summary>Protocols that are spoken inside, the preferred one first (ALPN, RFC 7301); none to speak of none.</summary>
    public ValueList<string> Protocols { get; init; }

    /// <summary>Keys of session tickets, <see cref="TicketKeyBytes"/> long, so that others with the same keys go on with their sessions; empty for
    /// keys that nobody else has, null for no tickets.</summary>
    public byte[]? TicketKeys { get; init; } = [];
}

/// <summary>Whose certificate a client is shown.</summary>
public interface ITlsCertificates
{
    /// <summary>The certificate for a name (SNI, RFC 6066 §3). Called in the middle of a handshake, on its thread: quick, and for all threads.</summary>
    /// <param name="serverName">As the client says it: any bytes. Empty where it says none.</param>
    /// <returns>Null ends the handshake.</returns>
    TlsCertificate? Find(ReadOnlySpan<byte> serverName);
}

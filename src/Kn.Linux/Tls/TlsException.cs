namespace Kn.Linux.Tls;

/// <summary>OpenSSL refuses something: a certificate, a key, a list of ciphers; or it is not there.</summary>
public sealed class TlsException : Exception
{
    /// <summary>An exception with what was wrong, for the person who gave it.</summary>
    public TlsException(string message)
        : base(message)
    {
    }
}

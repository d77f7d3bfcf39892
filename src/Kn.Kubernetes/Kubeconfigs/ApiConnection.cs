namespace Kn.Kubernetes.Kubeconfigs;

/// <summary>How to reach an API server, and as whom: one context of a kubeconfig, resolved.</summary>
public sealed record ApiConnection
{
    /// <summary>Scheme, host, port and an optional path in front of /api.</summary>
    public required Uri Server { get; init; }

    /// <summary>The kubeconfig that this is from, for messages.</summary>
    public string File { get; init; } = "";

    /// <summary>Name of the context.</summary>
    public string Context { get; init; } = "";

    /// <summary>The context's namespace; empty for default.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Certificates to trust in place of the system's, PEM.</summary>
    public PemSource? CertificateAuthority { get; init; }

    /// <summary>The client's certificate, followed by intermediates if there are any, PEM.</summary>
    public PemSource? ClientCertificate { get; init; }

    /// <summary>The client's private key, RSA or EC, unencrypted PEM.</summary>
    public PemSource? ClientKey { get; init; }

    /// <summary>The bearer token; a file is read again when it changes.</summary>
    public PemSource? Token { get; init; }

    /// <summary>Trust any server certificate.</summary>
    public bool InsecureSkipTlsVerify { get; init; }

    /// <summary>The name to ask for and to expect in the server's certificate, where the URL's host is not that.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>HTTP, HTTPS or SOCKS5 proxy; null for what the environment says.</summary>
    public Uri? Proxy { get; init; }
}

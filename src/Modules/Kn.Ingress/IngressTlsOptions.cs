using System.Text;
using System.Text.Json.Serialization;
using Kn.Hosting.Options;
using Kn.Kubernetes.Objects;

namespace Kn.Ingress;

/// <summary>TLS towards clients, config section <c>ingress.tls</c>.</summary>
public sealed record IngressTlsOptions
{
    /// <summary>The oldest version that is spoken, 1.2 or 1.3. Default 1.2: some programs that are still in use know no other (RFC 9325 §3.1).</summary>
    public string MinVersion { get; init; } = "1.2";

    /// <summary>Suites of TLS 1.2 in OpenSSL's words. Default none, which stands for those of RFC 9325 §4.2: with forward secrecy and authenticated encryption.</summary>
    public string Ciphers { get; init; } = "";

    /// <summary>The Secret, as namespace/name, whose certificate is shown for hosts that have none. Default none.</summary>
    public string DefaultCertificate { get; init; } = "";

    /// <summary>A file with that certificate and its chain, in PEM, where it is in no Secret; read again when it changes. Default none: one that nobody vouches
    /// for is made at the start.</summary>
    public string CertificateFile { get; init; } = "";

    /// <summary>The file with its private key, in PEM.</summary>
    public string KeyFile { get; init; } = "";

    /// <summary>Whether clients can go on with a session without a new key exchange (RFC 5077, RFC 8446 §2.2). Default true: it saves most of a handshake's
    /// cost.</summary>
    public bool SessionTickets { get; init; } = true;

    /// <summary>Whether hosts with TLS are served by it alone: other requests are sent there by 308, unless an Ingress says otherwise. Default true, as
    /// ingress-nginx.</summary>
    public bool Redirect { get; init; } = true;

    /// <summary>Section <c>hsts</c>.</summary>
    public IngressHstsOptions Hsts { get; init; } = new();

    /// <summary>The Secret of <see cref="DefaultCertificate"/>.</summary>
    [JsonIgnore]
    internal ObjectKey? DefaultSecret =>
        DefaultCertificate.Split('/') is [{ Length: > 0 } space, { Length: > 0 } name] ? new ObjectKey(space, name) : null;

    internal void Validate(OptionErrors errors)
    {
        errors.Require(MinVersion is "1.2" or "1.3", "Tls.MinVersion", "must be 1.2 or 1.3, in quotes");
        errors.Require(DefaultCertificate.Length == 0 || DefaultSecret is not null, "Tls.DefaultCertificate", "must be namespace/name of a Secret, or empty");
        errors.Require((CertificateFile.Length == 0) == (KeyFile.Length == 0), "Tls.KeyFile", "goes with certificateFile: both, or none");
        errors.Require(CertificateFile.Length == 0 || Path.IsPathRooted(CertificateFile), "Tls.CertificateFile", "must be a whole path, or empty");
        errors.Require(KeyFile.Length == 0 || Path.IsPathRooted(KeyFile), "Tls.KeyFile", "must be a whole path, or empty");
        errors.Require(Hsts.MaxAge >= TimeSpan.Zero && Hsts.MaxAge <= TimeSpan.FromDays(3650), "Tls.Hsts.MaxAge", "must be from 0s to 3650d");
    }
}

/// <summary>Whether browsers are told to come by TLS alone (RFC 6797), config section <c>ingress.tls.hsts</c>. The defaults are those of ingress-nginx.</summary>
public sealed record IngressHstsOptions
{
    /// <summary>Whether they are, on hosts with a certificate of their own. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>For how long they keep it in mind. Default 365d.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(365);

    /// <summary>Whether it holds for the names below the host too. Default true.</summary>
    public bool IncludeSubdomains { get; init; } = true;

    /// <summary>Whether the host may be in the lists that browsers are delivered with. Default false: it is hard to take back.</summary>
    public bool Preload { get; init; }

    /// <summary>The field as a line with its end; empty for none.</summary>
    internal byte[] ToField() => Enabled
        ? Encoding.ASCII.GetBytes($"Strict-Transport-Security: max-age={(long)MaxAge.TotalSeconds}{(IncludeSubdomains ? "; includeSubDomains" : "")}{(Preload ? "; preload" : "")}\r\n")
        : [];
}

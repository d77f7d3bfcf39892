using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Kn.Lab.ApiServer;

/// <summary>The lab cluster's certificates and token, made once and kept in the data directory.</summary>
internal sealed class ServerIdentity
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);
    private readonly LabApiServerOptions _options;
    private readonly X509Certificate2 _authority;

    private ServerIdentity(LabApiServerOptions options, X509Certificate2 authority, X509Certificate2 server, string token)
    {
        _options = options;
        _authority = authority;
        Server = server;
        Token = token;
    }

    /// <summary>The server's certificate with its key.</summary>
    public X509Certificate2 Server { get; }

    /// <summary>The administrator's bearer token.</summary>
    public string Token { get; }

    /// <summary>Reads what a former run left, makes what is missing; the server's certificate is always new, for the names of this run.</summary>
    public static ServerIdentity LoadOrCreate(LabApiServerOptions options, IEnumerable<IPAddress> addresses)
    {
        Directory.CreateDirectory(options.DataDirectory);
        var now = options.Time.GetUtcNow();
        var authority = LoadOrCreateAuthority(options.DataDirectory, now);
        var tokenFile = Path.Combine(options.DataDirectory, "token");
        if (!File.Exists(tokenFile))
        {
            WriteSecret(tokenFile, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        }

        return new ServerIdentity(options, authority, IssueServer(options, authority, addresses, now), File.ReadAllText(tokenFile).Trim());
    }

    /// <summary>True for a client certificate that our authority signed.</summary>
    public bool IsOurs(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    /// <summary>Writes the administrator's kubeconfig, contexts "cert" (current) and "token", and returns its path.</summary>
    public string WriteKubeconfig(string server)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request("CN=kubernetes-admin, O=system:masters", key);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var certificate = Sign(request, _authority, _options.Time.GetUtcNow());
        var path = Path.Combine(_options.DataDirectory, "kubeconfig");
        WriteSecret(path, $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: kn-lab
              cluster:
                server: {server}
                certificate-authority-data: {Data(_authority.ExportCertificatePem())}
            users:
            - name: cert
              user:
                client-certificate-data: {Data(certificate.ExportCertificatePem())}
                client-key-data: {Data(key.ExportPkcs8PrivateKeyPem())}
            - name: token
              user:
                token: {Token}
            contexts:
            - name: cert
              context:
                cluster: kn-lab
                user: cert
            - name: token
              context:
                cluster: kn-lab
                user: token
            current-context: cert

            """);
        return path;
    }

    private static string Data(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));

    private static X509Certificate2 LoadOrCreateAuthority(string directory, DateTimeOffset now)
    {
        var file = Path.Combine(directory, "ca.pem");
        if (!File.Exists(file))
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = Request("CN=kn-lab-ca", key);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
            using var made = request.CreateSelfSigned(now.AddDays(-1), now + Lifetime);
            WriteSecret(file, made.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        }

        return X509Certificate2.CreateFromPemFile(file);
    }

    private static X509Certificate2 IssueServer(LabApiServerOptions options, X509Certificate2 authority, IEnumerable<IPAddress> addresses, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request("CN=kn-lab-apiserver", key);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in new[] { "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local" })
        {
            names.AddDnsName(name);
        }

        foreach (var address in addresses.Append(IPAddress.Loopback).Append(IPAddress.IPv6Loopback).Distinct())
        {
            names.AddIpAddress(address);
        }

        foreach (var extra in options.ExtraNames)
        {
            if (IPAddress.TryParse(extra, out var address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(extra);
            }
        }

        request.CertificateExtensions.Add(names.Build());
        using var certificate = Sign(request, authority, now);
        return certificate.CopyWithPrivateKey(key);
    }

    private static CertificateRequest Request(string subject, ECDsa key) => new(subject, key, HashAlgorithmName.SHA256);

    private static X509Certificate2 Sign(CertificateRequest request, X509Certificate2 authority, DateTimeOffset now) =>
        request.Create(authority, now.AddHours(-1), authority.NotAfter.AddDays(-1), RandomNumberGenerator.GetBytes(16));

    private static void WriteSecret(string path, string text)
    {
        // Made unreadable for others before it has content.
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var stream = new FileStream(path, options);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Tls;
using Kn.Kubernetes.Objects;
using Kn.Linux.Tls;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Tls;

/// <summary>Certificates in PEM, signed by themselves.</summary>
internal static class TestCertificates
{
    private static readonly DateTimeOffset s_from = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_to = new(2090, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static (string Certificate, string Key) Make(string commonName, params IEnumerable<string> hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(s_from, s_to);
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>One of the size that is usual, with an RSA key.</summary>
    public static (string Certificate, string Key) MakeRsa(string commonName, int bits = 2048)
    {
        using var key = RSA.Create(bits);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(s_from, s_to);
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public static TlsCertificate Load(string commonName, params IEnumerable<string> hosts)
    {
        var (certificate, key) = Make(commonName, hosts);
        return TlsCertificate.Load(Encoding.ASCII.GetBytes(certificate), Encoding.ASCII.GetBytes(key));
    }

    public static Secret OfPem(string name, string certificate, string key, string version = "1") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "ns", ResourceVersion = version },
        Type = Kubernetes.Objects.Secret.TlsType,
        Data = ValueMap.Of((Kubernetes.Objects.Secret.CertificateKey, Base64(certificate)), (Kubernetes.Objects.Secret.PrivateKeyKey, Base64(key))),
    };

    public static Secret Secret(string name, params string[] hosts)
    {
        var (certificate, key) = Make(name, hosts);
        return OfPem(name, certificate, key);
    }

    /// <summary>Shows a certificate for a host from now on.</summary>
    public static void Set(this LiveCertificates live, string host, TlsCertificate? certificate) => live.Apply(
        [new Change<string, HostCertificate>(host, live.PieceOf(host), certificate is null ? null : new HostCertificate(new ObjectKey("ns", host), certificate))]);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}

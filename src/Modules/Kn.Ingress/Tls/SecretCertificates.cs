using System.Runtime.CompilerServices;
using Kn.Kubernetes.Objects;
using Kn.Linux.Tls;

namespace Kn.Ingress.Tls;

/// <summary>Certificates of Secrets, each read once for as long as the Secret is what it is. Thread-safe.</summary>
/// <remarks>Nothing has to be forgotten: what is remembered of a Secret goes with it, and a certificate when no host is served with it any more.</remarks>
internal sealed class SecretCertificates
{
    private readonly ConditionalWeakTable<Secret, Reading> _readings = [];

    /// <summary>The certificate, or why there is none.</summary>
    public (TlsCertificate? Certificate, string Problem) Read(Secret secret)
    {
        if (!_readings.TryGetValue(secret, out var reading))
        {
            reading = ReadNow(secret);
            _readings.AddOrUpdate(secret, reading);
        }

        return (reading.Certificate, reading.Problem);
    }

    private static Reading ReadNow(Secret secret)
    {
        if (!secret.TryGet(Secret.CertificateKey, out var certificate))
        {
            return new Reading(null, $"{Secret.CertificateKey} is missing");
        }

        if (!secret.TryGet(Secret.PrivateKeyKey, out var key))
        {
            return new Reading(null, $"{Secret.PrivateKeyKey} is missing");
        }

        try
        {
            return new Reading(TlsCertificate.Load(certificate, key), "");
        }
        catch (TlsException exception)
        {
            return new Reading(null, exception.Message);
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(key);
        }
    }

    private sealed record Reading(TlsCertificate? Certificate, string Problem);
}

using Kn.Linux.Tls;
using Microsoft.Extensions.Logging;

namespace Kn.Ingress.Tls;

/// <summary>The certificate for hosts that have none, where it is in files: read again when they change, as certbot and its like do.</summary>
internal sealed class DefaultCertificateFile(string certificateFile, string keyFile, LiveCertificates certificates, ILogger logger)
{
    private (DateTime Certificate, DateTime Key) _seen;

    /// <summary>Reads the files where they have changed. What cannot be read changes nothing.</summary>
    public void ReadIfChanged()
    {
        if (certificateFile.Length == 0)
        {
            return;
        }

        // Of a file that is not there the time is one of long ago.
        var now = (File.GetLastWriteTimeUtc(certificateFile), File.GetLastWriteTimeUtc(keyFile));
        if (now == _seen)
        {
            return;
        }

        _seen = now;
        try
        {
            var certificate = TlsCertificate.Load(File.ReadAllBytes(certificateFile), File.ReadAllBytes(keyFile));
            certificates.SetFallback(certificate);
            IngressLog.DefaultCertificateRead(logger, certificateFile, certificate.NotAfter);
        }
        catch (Exception exception) when (exception is TlsException or IOException or UnauthorizedAccessException)
        {
            IngressLog.DefaultCertificateRefused(logger, certificateFile, exception.Message);
        }
    }
}

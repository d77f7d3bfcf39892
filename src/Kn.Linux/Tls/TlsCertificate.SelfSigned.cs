using Kn.Linux.Interop.OpenSsl;

namespace Kn.Linux.Tls;

public sealed partial class TlsCertificate
{
    /// <summary>Ten years: it is made anew at each start.</summary>
    private const int Seconds = 3650 * 24 * 3600;

    /// <summary>A certificate that nobody vouches for, with a new key on P-256.</summary>
    /// <param name="commonName">Its subject.</param>
    /// <param name="host">The host that it is for.</param>
    /// <exception cref="TlsException">OpenSSL is not there, or has no randomness.</exception>
    public static TlsCertificate SelfSigned(string commonName, string host)
    {
        TlsLibrary.Require();
        Libcrypto.ERR_clear_error();
        var certificate = Libcrypto.X509_new();
        var key = Libcrypto.EVP_PKEY_Q_keygen(0, 0, "EC", "P-256");
        if (key != 0 && Fill(certificate, key, commonName, host))
        {
            return Take([certificate], key);
        }

        Libcrypto.EVP_PKEY_free(key);
        Libcrypto.X509_free(certificate);
        throw new TlsException($"no certificate can be made: {Libcrypto.TakeError()}");
    }

    private static bool Fill(nint certificate, nint key, string commonName, string host)
    {
        const int Version3 = 2;
        Span<byte> serial = stackalloc byte[8];
        System.Security.Cryptography.RandomNumberGenerator.Fill(serial);
        var name = Libcrypto.X509_get_subject_name(certificate);
        return Libcrypto.X509_set_version(certificate, Version3) == 1
            && Libcrypto.ASN1_INTEGER_set_uint64(Libcrypto.X509_get_serialNumber(certificate), BitConverter.ToUInt64(serial) >> 1) == 1

            // A clock that is behind does not make it one of the future.
            && Libcrypto.X509_gmtime_adj(Libcrypto.X509_getm_notBefore(certificate), -24 * 3600) != 0
            && Libcrypto.X509_gmtime_adj(Libcrypto.X509_getm_notAfter(certificate), Seconds) != 0
            && Libcrypto.X509_NAME_add_entry_by_txt(name, "CN", Libcrypto.MBSTRING_UTF8, commonName, -1, -1, 0) == 1
            && Libcrypto.X509_set_issuer_name(certificate, name) == 1
            && Libcrypto.X509_set_pubkey(certificate, key) == 1
            && TryAddHost(certificate, host)
            && Libcrypto.X509_sign(certificate, key, Libcrypto.EVP_sha256()) > 0;
    }

    private static bool TryAddHost(nint certificate, string host)
    {
        var extension = Libcrypto.X509V3_EXT_nconf_nid(0, 0, Libcrypto.NID_subject_alt_name, $"DNS:{host}");
        var isAdded = extension != 0 && Libcrypto.X509_add_ext(certificate, extension, -1) == 1;
        if (extension != 0)
        {
            Libcrypto.X509_EXTENSION_free(extension);
        }

        return isAdded;
    }
}

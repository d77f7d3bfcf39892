using System.Runtime.InteropServices;
using System.Text;

namespace Kn.Linux.Interop.OpenSsl;

/// <summary>What TLS needs of OpenSSL's other library: errors, byte channels (bio.h), certificates and keys (x509.h, pem.h, evp.h).</summary>
internal static partial class Libcrypto
{
    internal const string Library = "libcrypto.so.3";

    /// <summary>Nothing of it is torn down at exit: threads still run then.</summary>
    internal const ulong OPENSSL_INIT_NO_ATEXIT = 0x00080000;

    internal const int BIO_CTRL_EOF = 2;
    internal const int BIO_CTRL_FLUSH = 11;
    internal const int BIO_FLAGS_READ = 1;
    internal const int BIO_FLAGS_WRITE = 2;
    internal const int BIO_FLAGS_RWS = 7;
    internal const int BIO_FLAGS_SHOULD_RETRY = 8;
    internal const int BIO_TYPE_SOURCE_SINK = 0x0400;
    internal const int MBSTRING_UTF8 = 0x1000;
    internal const int NID_subject_alt_name = 85;

    /// <summary>The oldest error of this thread in words, and no errors any more.</summary>
    internal static unsafe string TakeError()
    {
        var code = ERR_get_error();
        ERR_clear_error();
        if (code == 0)
        {
            return "no reason is given";
        }

        var reason = ERR_reason_error_string(code);
        return reason == null ? $"error {code:x}" : Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(reason));
    }

    [LibraryImport(Library)]
    internal static partial int OPENSSL_init_crypto(ulong options, nint settings);

    [LibraryImport(Library)]
    internal static partial void ERR_clear_error();

    [LibraryImport(Library)]
    private static partial nuint ERR_get_error();

    [LibraryImport(Library)]
    private static unsafe partial byte* ERR_reason_error_string(nuint code);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint BIO_meth_new(int type, string name);

    [LibraryImport(Library)]
    internal static partial int BIO_get_new_index();

    [LibraryImport(Library)]
    internal static unsafe partial int BIO_meth_set_read(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> read);

    [LibraryImport(Library)]
    internal static unsafe partial int BIO_meth_set_write(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> write);

    [LibraryImport(Library)]
    internal static unsafe partial int BIO_meth_set_ctrl(nint method, delegate* unmanaged[Cdecl]<nint, int, nint, nint, nint> control);

    [LibraryImport(Library)]
    internal static partial nint BIO_new(nint method);

    [LibraryImport(Library)]
    internal static partial int BIO_free(nint channel);

    [LibraryImport(Library)]
    internal static partial void BIO_set_data(nint channel, nint data);

    [LibraryImport(Library)]
    internal static partial nint BIO_get_data(nint channel);

    [LibraryImport(Library)]
    internal static partial void BIO_set_flags(nint channel, int flags);

    [LibraryImport(Library)]
    internal static partial void BIO_clear_flags(nint channel, int flags);

    [LibraryImport(Library)]
    internal static partial nint BIO_new_mem_buf(in byte bytes, int length);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint PEM_read_bio_X509(nint channel, nint result, nint callback, string password);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint PEM_read_bio_PrivateKey(nint channel, nint result, nint callback, string password);

    [LibraryImport(Library)]
    internal static partial void X509_free(nint certificate);

    [LibraryImport(Library)]
    internal static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    internal static partial int X509_check_private_key(nint certificate, nint key);

    [LibraryImport(Library)]
    internal static partial int X509_check_host(nint certificate, in byte name, nuint length, uint flags, nint matched);

    [LibraryImport(Library)]
    internal static partial nint X509_get0_notAfter(nint certificate);

    [LibraryImport(Library)]
    internal static partial nint X509_getm_notBefore(nint certificate);

    [LibraryImport(Library)]
    internal static partial nint X509_getm_notAfter(nint certificate);

    [LibraryImport(Library)]
    internal static partial nint X509_gmtime_adj(nint time, nint seconds);

    [LibraryImport(Library)]
    internal static partial nint ASN1_TIME_set(nint time, nint seconds);

    [LibraryImport(Library)]
    internal static partial int ASN1_TIME_diff(out int days, out int seconds, nint from, nint to);

    [LibraryImport(Library)]
    internal static partial void ASN1_TIME_free(nint time);

    [LibraryImport(Library)]
    internal static partial nint OPENSSL_sk_new_null();

    [LibraryImport(Library)]
    internal static partial int OPENSSL_sk_push(nint stack, nint item);

    [LibraryImport(Library)]
    internal static partial int OPENSSL_sk_num(nint stack);

    [LibraryImport(Library)]
    internal static partial nint OPENSSL_sk_value(nint stack, int index);

    [LibraryImport(Library)]
    internal static partial nint OPENSSL_sk_pop(nint stack);

    [LibraryImport(Library)]
    internal static partial void OPENSSL_sk_free(nint stack);

    [LibraryImport(Library)]
    internal static partial int X509_STORE_add_cert(nint store, nint certificate);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint EVP_PKEY_Q_keygen(nint library, nint properties, string type, string curve);

    [LibraryImport(Library)]
    internal static partial nint EVP_sha256();

    [LibraryImport(Library)]
    internal static partial nint X509_new();

    [LibraryImport(Library)]
    internal static partial int X509_set_version(nint certificate, nint version);

    [LibraryImport(Library)]
    internal static partial nint X509_get_serialNumber(nint certificate);

    [LibraryImport(Library)]
    internal static partial int ASN1_INTEGER_set_uint64(nint number, ulong value);

    [LibraryImport(Library)]
    internal static partial int X509_set_pubkey(nint certificate, nint key);

    [LibraryImport(Library)]
    internal static partial nint X509_get_subject_name(nint certificate);

    [LibraryImport(Library)]
    internal static partial int X509_set_issuer_name(nint certificate, nint name);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int X509_NAME_add_entry_by_txt(nint name, string field, int type, string text, int length, int place, int set);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint X509V3_EXT_nconf_nid(nint configuration, nint context, int kind, string value);

    [LibraryImport(Library)]
    internal static partial int X509_add_ext(nint certificate, nint extension, int place);

    [LibraryImport(Library)]
    internal static partial void X509_EXTENSION_free(nint extension);

    [LibraryImport(Library)]
    internal static partial int X509_sign(nint certificate, nint key, nint digest);
}

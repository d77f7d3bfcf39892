using System.Runtime.InteropServices;
using System.Text;
using Kn.Linux.Interop.OpenSsl;

namespace Kn.Linux.Tls;

/// <summary>A certificate with its chain and its private key, ready to be shown. Never changed; for all threads.</summary>
/// <remarks>Connections hold the parts that they use, so it may go while they live. What nobody refers to any more the garbage collector frees:
/// who is in a handshake on another thread may be about to use it.</remarks>
public sealed partial class TlsCertificate : SafeHandle
{
    private const uint X509_CHECK_FLAG_NONE = 0;

    /// <summary>About what OpenSSL has of one, so that the garbage collector knows what it can free.</summary>
    private const int UnmanagedBytes = 8 << 10;

    private nint _key;
    private readonly nint _chain;

    private TlsCertificate(nint certificate, nint key, nint chain)
        : base(0, ownsHandle: true)
    {
        SetHandle(certificate);
        _key = key;
        _chain = chain;
        NotAfter = ReadNotAfter(certificate);
        GC.AddMemoryPressure(UnmanagedBytes);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>When it ends.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>Whether it has a private key.</summary>
    public bool HasKey => _key != 0;

    /// <summary>Reads a chain, the server's own certificate first, and its key.</summary>
    /// <param name="certificates">In PEM.</param>
    /// <param name="privateKey">In PEM, not encrypted.</param>
    /// <exception cref="TlsException">They are not that, do not belong together, or are too weak to be shown.</exception>
    public static TlsCertificate Load(ReadOnlySpan<byte> certificates, ReadOnlySpan<byte> privateKey)
    {
        TlsLibrary.Require();
        var chain = ReadCertificates(certificates);
        var loaded = Take(chain, 0);
        try
        {
            loaded._key = ReadKey(privateKey);
            loaded.Check();
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Reads certificates alone: those of who is trusted.</summary>
    /// <exception cref="TlsException">There are none.</exception>
    public static TlsCertificate LoadTrusted(ReadOnlySpan<byte> certificates)
    {
        TlsLibrary.Require();
        return Take(ReadCertificates(certificates), 0);
    }

    /// <summary>Whether it is for this host: by its alternative names, or by its common name where it has none (RFC 6125).</summary>
    /// <param name="host">A name, or a wildcard as *.example.org.</param>
    public bool IsFor(string host)
    {
        // A wildcard's certificate has to be good for some name below it, and is good for all if it is for this one.
        var name = Encoding.UTF8.GetBytes(host.StartsWith("*.", StringComparison.Ordinal) ? "kn-any" + host[1..] : host);
        Libcrypto.ERR_clear_error();
        return name.Length > 0 && Libcrypto.X509_check_host(handle, in name[0], (nuint)name.Length, X509_CHECK_FLAG_NONE, 0) == 1;
    }

    /// <summary>Has a connection show it.</summary>
    internal bool TryGiveTo(nint connection)
    {
        var isHeld = false;
        try
        {
            DangerousAddRef(ref isHeld);
            return Libssl.SSL_use_cert_and_key(connection, handle, _key, _chain, 1) == 1;
        }
        finally
        {
            if (isHeld)
            {
                DangerousRelease();
            }
        }
    }

    /// <summary>Has every connection of a context show it.</summary>
    /// <exception cref="TlsException">It is too weak.</exception>
    internal void GiveToContext(nint context)
    {
        Libcrypto.ERR_clear_error();
        if (Libssl.SSL_CTX_use_cert_and_key(context, handle, _key, _chain, 1) != 1)
        {
            throw new TlsException($"the certificate cannot be used: {Libcrypto.TakeError()}");
        }
    }

    /// <summary>Has a context trust whom these have signed.</summary>
    internal void AddTo(nint store)
    {
        _ = Libcrypto.X509_STORE_add_cert(store, handle);
        for (var more = Copy(_chain); more.Count > 0;)
        {
            _ = Libcrypto.X509_STORE_add_cert(store, more.Dequeue());
        }

        Libcrypto.ERR_clear_error();
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Libcrypto.X509_free(handle);
        Libcrypto.EVP_PKEY_free(_key);
        FreeChain(_chain);
        GC.RemoveMemoryPressure(UnmanagedBytes);
        return true;
    }

    private static nint Memory(ReadOnlySpan<byte> bytes, string what)
    {
        Libcrypto.ERR_clear_error();
        return bytes.IsEmpty ? throw new TlsException($"there is no {what}") : Libcrypto.BIO_new_mem_buf(in MemoryMarshal.GetReference(bytes), bytes.Length);
    }

    private static List<nint> ReadCertificates(ReadOnlySpan<byte> pem)
    {
        const int MaxChain = 32;
        var found = new List<nint>();
        var memory = Memory(pem, "certificate");
        try
        {
            while (found.Count < MaxChain && Libcrypto.PEM_read_bio_X509(memory, 0, 0, "") is var next and not 0)
            {
                found.Add(next);
            }
        }
        finally
        {
            _ = Libcrypto.BIO_free(memory);
        }

        var problem = Libcrypto.TakeError();
        return found.Count > 0 ? found : throw new TlsException($"the certificate cannot be read as PEM: {problem}");
    }

    private static nint ReadKey(ReadOnlySpan<byte> pem)
    {
        var memory = Memory(pem, "private key");
        try
        {
            // A password that is there and empty: else OpenSSL would ask for one at the terminal.
            var key = Libcrypto.PEM_read_bio_PrivateKey(memory, 0, 0, "");
            return key != 0 ? key : throw new TlsException($"the private key cannot be read as PEM: {Libcrypto.TakeError()}");
        }
        finally
        {
            _ = Libcrypto.BIO_free(memory);
        }
    }

    private static TlsCertificate Take(List<nint> certificates, nint key)
    {
        var chain = Libcrypto.OPENSSL_sk_new_null();
        for (var index = 1; index < certificates.Count; index++)
        {
            _ = Libcrypto.OPENSSL_sk_push(chain, certificates[index]);
        }

        return new TlsCertificate(certificates[0], key, chain);
    }

    /// <summary>Shows it once to nobody: what OpenSSL has against it is better known now than at a handshake.</summary>
    private void Check()
    {
        Libcrypto.ERR_clear_error();
        if (Libcrypto.X509_check_private_key(handle, _key) != 1)
        {
            throw new TlsException($"the private key does not belong to the first certificate: {Libcrypto.TakeError()}");
        }

        var connection = Libssl.SSL_new(Probe.Context);
        try
        {
            if (!TryGiveTo(connection))
            {
                throw new TlsException($"the certificate cannot be used: {Libcrypto.TakeError()}");
            }
        }
        finally
        {
            Libssl.SSL_free(connection);
        }
    }

    /// <summary>A context that no client meets: to make one costs a millisecond.</summary>
    private static class Probe
    {
        internal static readonly nint Context = Libssl.SSL_CTX_new(Libssl.TLS_server_method());
    }

    private static DateTimeOffset ReadNotAfter(nint certificate)
    {
        var epoch = Libcrypto.ASN1_TIME_set(0, 0);
        var isRead = Libcrypto.ASN1_TIME_diff(out var days, out var seconds, epoch, Libcrypto.X509_get0_notAfter(certificate)) == 1;
        Libcrypto.ASN1_TIME_free(epoch);

        // 9999, for those that never end, is the last year that there is.
        return isRead ? DateTimeOffset.UnixEpoch.AddDays(Math.Min(days, 2_900_000)).AddSeconds(seconds) : DateTimeOffset.MaxValue;
    }

    private static Queue<nint> Copy(nint chain)
    {
        var items = new Queue<nint>();
        var count = Libcrypto.OPENSSL_sk_num(chain);
        for (var index = 0; index < count; index++)
        {
            items.Enqueue(Libcrypto.OPENSSL_sk_value(chain, index));
        }

        return items;
    }

    private static void FreeChain(nint chain)
    {
        while (Libcrypto.OPENSSL_sk_pop(chain) is var certificate and not 0)
        {
            Libcrypto.X509_free(certificate);
        }

        Libcrypto.OPENSSL_sk_free(chain);
    }
}

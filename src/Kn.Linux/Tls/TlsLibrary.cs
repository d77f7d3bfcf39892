using System.Runtime.InteropServices;
using Kn.Linux.Interop.OpenSsl;

namespace Kn.Linux.Tls;

/// <summary>OpenSSL 3, which is loaded when it is first asked for.</summary>
public static class TlsLibrary
{
    /// <summary>Why there is no TLS; null when there is.</summary>
    public static string? Problem => Loaded.Problem;

    /// <summary>Loads it.</summary>
    /// <exception cref="TlsException">It is not there.</exception>
    internal static void Require()
    {
        if (Problem is { } problem)
        {
            throw new TlsException(problem);
        }
    }

    /// <summary>Looked for once: what is installed later is found at the next start.</summary>
    private static class Loaded
    {
        internal static readonly string? Problem = Load();

        private static string? Load()
        {
            foreach (var library in (string[])[Libcrypto.Library, Libssl.Library])
            {
                if (!NativeLibrary.TryLoad(library, typeof(TlsLibrary).Assembly, null, out _))
                {
                    return $"{library} is missing or cannot be loaded: install OpenSSL 3 (Debian: libssl3, Fedora: openssl-libs) and restart Kn";
                }
            }

            // What the process has of OpenSSL (the API server's TLS uses it too) must outlive every thread.
            return Libcrypto.OPENSSL_init_crypto(Libcrypto.OPENSSL_INIT_NO_ATEXIT, 0) == 1 && Libssl.OPENSSL_init_ssl(Libcrypto.OPENSSL_INIT_NO_ATEXIT, 0) == 1
                ? null
                : $"OpenSSL cannot be initialised: {Libcrypto.TakeError()}";
        }
    }
}

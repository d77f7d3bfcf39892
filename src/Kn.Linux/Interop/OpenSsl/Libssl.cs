using System.Runtime.InteropServices;

namespace Kn.Linux.Interop.OpenSsl;

/// <summary>TLS of OpenSSL 3 (ssl.h). The library is loaded at the first call: a process that meets no certificate never has it.</summary>
/// <remarks>Handles are plain pointers: whoever holds one is for one thread and frees it once (see <see cref="Tls.TlsConnection"/>).</remarks>
internal static partial class Libssl
{
    internal const string Library = "libssl.so.3";

    internal const int SSL_CTRL_MODE = 33;
    internal const int SSL_CTRL_SET_READ_AHEAD = 41;
    internal const int SSL_CTRL_SET_SESS_CACHE_MODE = 44;
    internal const int SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
    internal const int SSL_CTRL_SET_TLSEXT_TICKET_KEYS = 59;
    internal const int SSL_CTRL_SET_MIN_PROTO_VERSION = 123;

    internal const int SSL_MODE_ENABLE_PARTIAL_WRITE = 1;
    internal const int SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 2;
    internal const int SSL_MODE_RELEASE_BUFFERS = 16;

    internal const ulong SSL_OP_NO_TICKET = 1UL << 14;
    internal const ulong SSL_OP_NO_COMPRESSION = 1UL << 17;
    internal const ulong SSL_OP_NO_RENEGOTIATION = 1UL << 30;

    internal const int SSL_ERROR_SSL = 1;
    internal const int SSL_ERROR_WANT_READ = 2;
    internal const int SSL_ERROR_WANT_WRITE = 3;
    internal const int SSL_ERROR_SYSCALL = 5;
    internal const int SSL_ERROR_ZERO_RETURN = 6;

    internal const int SSL_TLSEXT_ERR_OK = 0;
    internal const int SSL_TLSEXT_ERR_ALERT_FATAL = 2;
    internal const int SSL_TLSEXT_ERR_NOACK = 3;
    internal const int OPENSSL_NPN_NEGOTIATED = 1;

    internal const int SSL_VERIFY_NONE = 0;
    internal const int SSL_VERIFY_PEER = 1;
    internal const int TLS1_2_VERSION = 0x0303;
    internal const int TLS1_3_VERSION = 0x0304;
    internal const int TLSEXT_NAMETYPE_host_name = 0;

    [LibraryImport(Library)]
    internal static partial int OPENSSL_init_ssl(ulong options, nint settings);

    [LibraryImport(Library)]
    internal static partial nint TLS_server_method();

    [LibraryImport(Library)]
    internal static partial nint TLS_client_method();

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_free(nint context);

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_ctrl(nint context, int command, nint number, nint pointer);

    [LibraryImport(Library)]
    internal static partial ulong SSL_CTX_set_options(nint context, ulong options);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_num_tickets(nint context, nuint count);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_CTX_set_cipher_list(nint context, string ciphers);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_session_id_context(nint context, in byte id, uint length);

    [LibraryImport(Library)]
    internal static unsafe partial void SSL_CTX_set_cert_cb(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> callback, nint argument);

    [LibraryImport(Library)]
    internal static unsafe partial void SSL_CTX_set_alpn_select_cb(
        nint context, delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);

    [LibraryImport(Library)]
    internal static unsafe partial int SSL_select_next_proto(byte** chosen, byte* chosenLength, byte* server, uint serverLength, byte* client, uint clientLength);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_alpn_protos(nint context, in byte protocols, uint length);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_verify(nint context, int mode, nint callback);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_default_verify_paths(nint context);

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_get_cert_store(nint context);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_use_cert_and_key(nint context, nint certificate, nint key, nint chain, int replaces);

    [LibraryImport(Library)]
    internal static partial nint SSL_new(nint context);

    [LibraryImport(Library)]
    internal static partial void SSL_free(nint connection);

    [LibraryImport(Library)]
    internal static partial void SSL_set_bio(nint connection, nint reader, nint writer);

    [LibraryImport(Library)]
    internal static partial void SSL_set_accept_state(nint connection);

    [LibraryImport(Library)]
    internal static partial void SSL_set_connect_state(nint connection);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint SSL_ctrl(nint connection, int command, nint number, string text);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_set1_host(nint connection, string name);

    [LibraryImport(Library)]
    internal static partial int SSL_do_handshake(nint connection);

    [LibraryImport(Library)]
    internal static partial int SSL_read(nint connection, ref byte buffer, int length);

    [LibraryImport(Library)]
    internal static partial int SSL_write(nint connection, in byte bytes, int length);

    [LibraryImport(Library)]
    internal static partial int SSL_shutdown(nint connection);

    [LibraryImport(Library)]
    internal static partial int SSL_get_error(nint connection, int result);

    [LibraryImport(Library)]
    internal static partial int SSL_has_pending(nint connection);

    [LibraryImport(Library)]
    internal static partial int SSL_session_reused(nint connection);

    [LibraryImport(Library)]
    internal static partial int SSL_version(nint connection);

    [LibraryImport(Library)]
    internal static unsafe partial byte* SSL_get_servername(nint connection, int type);

    [LibraryImport(Library)]
    internal static unsafe partial void SSL_get0_alpn_selected(nint connection, byte** protocol, uint* length);

    [LibraryImport(Library)]
    internal static partial int SSL_use_cert_and_key(nint connection, nint certificate, nint key, nint chain, int replaces);
}

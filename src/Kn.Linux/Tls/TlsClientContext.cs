using System.Runtime.InteropServices;
using Kn.Linux.Interop.OpenSsl;
using Kn.Linux.Streams;

namespace Kn.Linux.Tls;

/// <summary>What all connections of a client to servers of one kind share. Never changed; for all threads.</summary>
public sealed class TlsClientContext : SafeHandle
{
    private readonly TlsClientSettings _settings;

    /// <summary>A context.</summary>
    /// <exception cref="TlsException">OpenSSL is not there, or the client's certificate is too weak.</exception>
    public TlsClientContext(TlsClientSettings settings)
        : base(0, ownsHandle: true)
    {
        TlsLibrary.Require();
        Libcrypto.ERR_clear_error();
        _settings = settings;
        SetHandle(Libssl.SSL_CTX_new(Libssl.TLS_client_method()));
        if (IsInvalid)
        {
            throw new TlsException($"no TLS context can be made: {Libcrypto.TakeError()}");
        }

        TlsServerContext.Prepare(handle, allowsTls12: true);
        Libssl.SSL_CTX_set_verify(handle, settings.Verifies ? Libssl.SSL_VERIFY_PEER : Libssl.SSL_VERIFY_NONE, 0);
        if (settings.Trusted is { } trusted)
        {
            trusted.AddTo(Libssl.SSL_CTX_get_cert_store(handle));
        }
        else if (settings.Verifies)
        {
            _ = Libssl.SSL_CTX_set_default_verify_paths(handle);
        }

        settings.Certificate?.GiveToContext(handle);
        var protocols = TlsServerContext.Spell(settings.Protocols);
        if (protocols.Length > 0)
        {
            _ = Libssl.SSL_CTX_set_alpn_protos(handle, in protocols[0], (uint)protocols.Length);
        }
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Begins to speak to a server; its connection need not be there yet.</summary>
    /// <param name="socket">The connection's from now on.</param>
    /// <param name="serverName">The server's name, as it is told (SNI) and, where the server has to prove who it is, looked for in its certificate; empty for
    /// none.</param>
    /// <exception cref="TlsException">There is no memory; the socket is still the caller's.</exception>
    public TlsConnection Connect(StreamSocket socket, string serverName)
    {
        var isHeld = false;
        try
        {
            DangerousAddRef(ref isHeld);
            var connection = new TlsConnection(handle, socket, isServer: false);
            connection.Expect(serverName, _settings.Verifies);
            return connection;
        }
        finally
        {
            if (isHeld)
            {
                DangerousRelease();
            }
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Libssl.SSL_CTX_free(handle);
        return true;
    }
}

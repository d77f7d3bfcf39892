using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Kn.Linux.Interop.OpenSsl;
using Kn.Linux.Streams;
using Kn.Primitives;

namespace Kn.Linux.Tls;

/// <summary>What all connections of a server share (SSL_CTX). Never changed; for all threads. Connections go on when it is disposed of.</summary>
/// <remarks>One serves all hosts: certificates are given to single connections, in the middle of their handshakes, so a host costs its certificate
/// and not a context of its own.</remarks>
public sealed unsafe class TlsServerContext : SafeHandle
{
    private GCHandle _certificates;
    private byte* _protocols;

    /// <summary>A context.</summary>
    /// <param name="settings">What is offered.</param>
    /// <param name="certificates">Who is asked for certificates.</param>
    /// <exception cref="TlsException">OpenSSL is not there, or does not know the ciphers.</exception>
    public TlsServerContext(TlsServerSettings settings, ITlsCertificates certificates)
        : base(0, ownsHandle: true)
    {
        TlsLibrary.Require();
        Libcrypto.ERR_clear_error();
        SetHandle(Libssl.SSL_CTX_new(Libssl.TLS_server_method()));
        if (IsInvalid)
        {
            throw new TlsException($"no TLS context can be made: {Libcrypto.TakeError()}");
        }

        _certificates = GCHandle.Alloc(certificates);
        Libssl.SSL_CTX_set_cert_cb(handle, &ChooseCertificate, GCHandle.ToIntPtr(_certificates));
        Prepare(handle, settings.AllowsTls12);
        if (Libssl.SSL_CTX_set_cipher_list(handle, settings.Ciphers) != 1)
        {
            throw new TlsException($"the ciphers '{settings.Ciphers}' are not known: {Libcrypto.TakeError()}");
        }

        SetTickets(settings.TicketKeys);
        SetProtocols(settings.Protocols);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Begins to serve a client.</summary>
    /// <param name="socket">The connection's from now on.</param>
    /// <exception cref="TlsException">There is no memory; the socket is still the caller's.</exception>
    public TlsConnection Accept(StreamSocket socket)
    {
        var isHeld = false;
        try
        {
            DangerousAddRef(ref isHeld);
            return new TlsConnection(handle, socket, isServer: true);
        }
        finally
        {
            if (isHeld)
            {
                DangerousRelease();
            }
        }
    }

    /// <summary>Settings that servers and clients share: writes take what the socket takes, buffers are there only while they hold something.</summary>
    internal static void Prepare(nint context, bool allowsTls12)
    {
        const int Modes = Libssl.SSL_MODE_ENABLE_PARTIAL_WRITE | Libssl.SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | Libssl.SSL_MODE_RELEASE_BUFFERS;
        _ = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_MODE, Modes, 0);

        // A record's head and body by one call, with whatever follows them.
        _ = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_READ_AHEAD, 1, 0);
        _ = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_MIN_PROTO_VERSION, allowsTls12 ? Libssl.TLS1_2_VERSION : Libssl.TLS1_3_VERSION, 0);
        _ = Libssl.SSL_CTX_set_options(context, Libssl.SSL_OP_NO_COMPRESSION | Libssl.SSL_OP_NO_RENEGOTIATION);

        // Sessions are in clients' tickets, not in memory.
        _ = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_SESS_CACHE_MODE, 0, 0);
    }

    /// <summary>Protocols as ALPN has them: each behind its length.</summary>
    internal static byte[] Spell(ValueList<string> protocols)
    {
        var bytes = new List<byte>();
        foreach (var protocol in protocols)
        {
            bytes.Add((byte)protocol.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(protocol));
        }

        return [.. bytes];
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Libssl.SSL_CTX_free(handle);
        return true;
    }

    private void SetTickets(byte[]? keys)
    {
        ReadOnlySpan<byte> id = "kn"u8;
        _ = Libssl.SSL_CTX_set_session_id_context(handle, in MemoryMarshal.GetReference(id), (uint)id.Length);
        if (keys is null)
        {
            _ = Libssl.SSL_CTX_set_options(handle, Libssl.SSL_OP_NO_TICKET);
            _ = Libssl.SSL_CTX_set_num_tickets(handle, 0);
        }
        else if (keys.Length > 0)
        {
            fixed (byte* start = keys)
            {
                if (Libssl.SSL_CTX_ctrl(handle, Libssl.SSL_CTRL_SET_TLSEXT_TICKET_KEYS, keys.Length, (nint)start) != 1)
                {
                    throw new TlsException($"keys of session tickets have {TlsServerSettings.TicketKeyBytes} bytes, not {keys.Length}");
                }
            }
        }
    }

    private void SetProtocols(ValueList<string> protocols)
    {
        if (protocols.IsEmpty)
        {
            return;
        }

        // Its length first. It is read by handshakes that go on when the context is disposed of, and stays: contexts are few.
        var list = Spell(protocols);
        _protocols = (byte*)NativeMemory.Alloc((nuint)(sizeof(uint) + list.Length));
        *(uint*)_protocols = (uint)list.Length;
        list.CopyTo(new Span<byte>(_protocols + sizeof(uint), list.Length));
        Libssl.SSL_CTX_set_alpn_select_cb(handle, &ChooseProtocol, (nint)_protocols);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ChooseCertificate(nint connection, nint argument)
    {
        try
        {
            var name = Libssl.SSL_get_servername(connection, Libssl.TLSEXT_NAMETYPE_host_name);
            var certificates = (ITlsCertificates)GCHandle.FromIntPtr(argument).Target!;
            var found = certificates.Find(name == null ? default : MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name));
            return found is not null && found.TryGiveTo(connection) ? 1 : 0;
        }
#pragma warning disable CA1031 // No exception can pass through OpenSSL: the handshake fails, and the client is told.
        catch (Exception)
#pragma warning restore CA1031
        {
            return 0;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ChooseProtocol(nint connection, byte** chosen, byte* chosenLength, byte* offered, uint offeredLength, nint argument)
    {
        // Who speaks none of ours is told so (RFC 7301 §3.2): to go on in another protocol than is meant is a way to be tricked.
        var list = (byte*)argument;
        return Libssl.SSL_select_next_proto(chosen, chosenLength, list + sizeof(uint), *(uint*)list, offered, offeredLength) == Libssl.OPENSSL_NPN_NEGOTIATED
            ? Libssl.SSL_TLSEXT_ERR_OK
            : Libssl.SSL_TLSEXT_ERR_ALERT_FATAL;
    }
}

using System.Runtime.InteropServices;
using Kn.Linux.Interop.OpenSsl;
using Kn.Linux.Streams;

namespace Kn.Linux.Tls;

/// <summary>TLS on a socket that never blocks: for one thread, with the socket's own events.</summary>
/// <remarks>Counts of bytes below zero are errors, as those of <see cref="StreamSocket"/>: -EAGAIN when an event has to come first, -EPROTO for what is
/// no TLS, or none that is wanted. What could not be sent has to be given again, from its first byte that was not taken on.</remarks>
public sealed unsafe class TlsConnection : IDisposable
{
    private const int NotNow = -(int)Errno.EAGAIN;
    private readonly StreamSocket _socket;
    private readonly bool _isServer;
    private nint _connection;
    private SocketChannel.State* _state;
    private bool _isEstablished;
    private bool _isBroken;
    private bool _hasEnded;

    internal TlsConnection(nint context, StreamSocket socket, bool isServer)
    {
        _socket = socket;
        _isServer = isServer;
        _connection = Libssl.SSL_new(context);
        _state = (SocketChannel.State*)NativeMemory.AllocZeroed((nuint)sizeof(SocketChannel.State));
        var channel = _connection == 0 ? 0 : SocketChannel.Create(_state);
        if (channel == 0)
        {
            Free();
            throw new TlsException($"no TLS connection can be made: {Libcrypto.TakeError()}");
        }

        var isHeld = false;
        socket.Handle.DangerousAddRef(ref isHeld);
        _state->Descriptor = (int)socket.Handle.DangerousGetHandle();
        Libssl.SSL_set_bio(_connection, channel, channel);
        if (isServer)
        {
            Libssl.SSL_set_accept_state(_connection);
        }
        else
        {
            Libssl.SSL_set_connect_state(_connection);
        }
    }

    /// <summary>Whether the handshake is done.</summary>
    public bool IsEstablished => _isEstablished;

    /// <summary>Whether a session went on that began with another connection.</summary>
    public bool IsResumed => Libssl.SSL_session_reused(_connection) == 1;

    /// <summary>Whether it is TLS 1.3 that is spoken.</summary>
    public bool IsTls13 => Libssl.SSL_version(_connection) == Libssl.TLS1_3_VERSION;

    /// <summary>Why it broke, in OpenSSL's words; kept for clients alone.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>Whether <see cref="Receive"/> has something to tell though it gave less than it might have: the socket's events will not say so.</summary>
    public bool HasMore => _hasEnded || _isBroken;

    /// <summary>The protocol that both sides agreed on (ALPN); empty for none.</summary>
    public ReadOnlySpan<byte> Protocol
    {
        get
        {
            byte* protocol;
            uint length;
            Libssl.SSL_get0_alpn_selected(_connection, &protocol, &length);
            return new ReadOnlySpan<byte>(protocol, (int)length);
        }
    }

    /// <summary>The name that the client asked for; empty for none.</summary>
    public ReadOnlySpan<byte> ServerName
    {
        get
        {
            var name = Libssl.SSL_get_servername(_connection, Libssl.TLSEXT_NAMETYPE_host_name);
            return name == null ? default : MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name);
        }
    }

    /// <summary>Goes on with the handshake.</summary>
    /// <returns>1 when it is done; -EAGAIN when an event has to come first; any other for a failure.</returns>
    public int Handshake()
    {
        if (_isBroken)
        {
            return -(int)Errno.EPROTO;
        }

        Libcrypto.ERR_clear_error();
        var result = Libssl.SSL_do_handshake(_connection);
        if (result == 1)
        {
            _isEstablished = true;
            return 1;
        }

        var error = Explain(result);
        return error == 0 ? -(int)Errno.EPROTO : error;
    }

    /// <summary>Takes what is there; 0 at an end that the other side spoke of.</summary>
    public int Receive(Span<byte> buffer)
    {
        // An event that came since the last call tells of bytes that this one has to ask the socket for, even if OpenSSL still has some.
        _state->IsEmpty = 0;
        var taken = 0;
        while (taken < buffer.Length && !_hasEnded && !_isBroken)
        {
            Libcrypto.ERR_clear_error();
            var count = Libssl.SSL_read(_connection, ref buffer[taken], buffer.Length - taken);
            if (count <= 0)
            {
                var error = Explain(count);
                _hasEnded |= error == 0;
                return taken > 0 ? taken : error;
            }

            taken += count;
            if (_state->IsEmpty != 0 && Libssl.SSL_has_pending(_connection) == 0)
            {
                return taken;
            }
        }

        return taken > 0 || _hasEnded ? taken : -(int)Errno.EPROTO;
    }

    /// <summary>Gives what is taken, a record at a time.</summary>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        var given = 0;
        while (given < bytes.Length && !_isBroken)
        {
            Libcrypto.ERR_clear_error();
            var count = Libssl.SSL_write(_connection, in bytes[given], bytes.Length - given);
            if (count <= 0)
            {
                var error = Explain(count);
                return given > 0 ? given : error == 0 ? -(int)Errno.EPIPE : error;
            }

            given += count;
        }

        return given > 0 || !_isBroken ? given : -(int)Errno.EPROTO;
    }

    /// <summary>Says that nothing more comes (close_notify, RFC 8446 §6.1); the other side may go on.</summary>
    public void EndSending()
    {
        SayEnd();
        _socket.EndSending();
    }

    /// <summary>Says that nothing more comes, and closes the socket.</summary>
    public void Dispose()
    {
        if (_connection != 0)
        {
            SayEnd();
            Free();
            _socket.Handle.DangerousRelease();
            _socket.Dispose();
        }
    }

    internal void Expect(string serverName, bool verifies)
    {
        if (serverName.Length > 0)
        {
            _ = Libssl.SSL_ctrl(_connection, Libssl.SSL_CTRL_SET_TLSEXT_HOSTNAME, Libssl.TLSEXT_NAMETYPE_host_name, serverName);
            if (verifies)
            {
                _ = Libssl.SSL_set1_host(_connection, serverName);
            }
        }
    }

    private void SayEnd()
    {
        // After a failure nothing may be said any more.
        if (_isEstablished && !_isBroken)
        {
            Libcrypto.ERR_clear_error();
            _ = Libssl.SSL_shutdown(_connection);
        }
    }

    /// <summary>What a result that is no success means: 0 for an end that was spoken of.</summary>
    private int Explain(int result)
    {
        switch (Libssl.SSL_get_error(_connection, result))
        {
            case Libssl.SSL_ERROR_WANT_READ or Libssl.SSL_ERROR_WANT_WRITE:
                return NotNow;
            case Libssl.SSL_ERROR_ZERO_RETURN:
                return 0;
            default:
                _isBroken = true;
                Fault = _isServer ? "" : Libcrypto.TakeError();
                Libcrypto.ERR_clear_error();
                return -(_state->Error == 0 ? (int)Errno.EPROTO : _state->Error);
        }
    }

    private void Free()
    {
        Libssl.SSL_free(_connection);
        NativeMemory.Free(_state);
        _connection = 0;
        _state = null;
    }
}

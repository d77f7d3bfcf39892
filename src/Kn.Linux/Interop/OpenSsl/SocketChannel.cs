using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kn.Linux.Interop.OpenSsl;

/// <summary>OpenSSL's way to a socket: a BIO of our own in place of BIO_s_socket.</summary>
/// <remarks>It sends with MSG_NOSIGNAL, keeps the errno, and knows whether the socket is empty: OpenSSL's own would be asked once more for each
/// request, to hear that there is nothing. A full channel never blocks: both sides are told to try again.</remarks>
internal static unsafe class SocketChannel
{
    private static readonly nint s_method = CreateMethod();

    /// <summary>What a channel knows, in unmanaged memory.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct State
    {
        /// <summary>The socket.</summary>
        public int Descriptor;

        /// <summary>errno of what failed; 0 for nothing.</summary>
        public int Error;

        /// <summary>Not 0 when the last call took less than there was room for: nothing is left in the socket.</summary>
        public int IsEmpty;

        /// <summary>Not 0 at the end of the stream.</summary>
        public int HasEnded;
    }

    /// <summary>A channel to a socket, which the caller keeps open for as long; 0 without memory.</summary>
    internal static nint Create(State* state)
    {
        var channel = Libcrypto.BIO_new(s_method);
        if (channel != 0)
        {
            Libcrypto.BIO_set_data(channel, (nint)state);
        }

        return channel;
    }

    private static nint CreateMethod()
    {
        var method = Libcrypto.BIO_meth_new(Libcrypto.BIO_get_new_index() | Libcrypto.BIO_TYPE_SOURCE_SINK, "kn socket");
        _ = Libcrypto.BIO_meth_set_read(method, &Read);
        _ = Libcrypto.BIO_meth_set_write(method, &Write);
        _ = Libcrypto.BIO_meth_set_ctrl(method, &Control);
        return method;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint channel, byte* buffer, int length)
    {
        var state = (State*)Libcrypto.BIO_get_data(channel);
        Libcrypto.BIO_clear_flags(channel, Libcrypto.BIO_FLAGS_RWS | Libcrypto.BIO_FLAGS_SHOULD_RETRY);
        var count = Libc.ReceiveStream(state->Descriptor, buffer, length, out var error);
        state->IsEmpty = count < length ? 1 : 0;
        if (count >= 0)
        {
            state->HasEnded = count == 0 ? 1 : 0;
            return (int)count;
        }

        return Failed(channel, state, error, Libcrypto.BIO_FLAGS_READ);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(nint channel, byte* bytes, int length)
    {
        var state = (State*)Libcrypto.BIO_get_data(channel);
        Libcrypto.BIO_clear_flags(channel, Libcrypto.BIO_FLAGS_RWS | Libcrypto.BIO_FLAGS_SHOULD_RETRY);
        var count = Libc.SendStream(state->Descriptor, bytes, length, out var error);
        return count >= 0 ? (int)count : Failed(channel, state, error, Libcrypto.BIO_FLAGS_WRITE);
    }

    private static int Failed(nint channel, State* state, Errno error, int direction)
    {
        if (error == Errno.EAGAIN)
        {
            Libcrypto.BIO_set_flags(channel, direction | Libcrypto.BIO_FLAGS_SHOULD_RETRY);
        }
        else
        {
            state->Error = (int)error;
        }

        return -1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Control(nint channel, int command, nint number, nint pointer) => command switch
    {
        Libcrypto.BIO_CTRL_FLUSH => 1,
        Libcrypto.BIO_CTRL_EOF => ((State*)Libcrypto.BIO_get_data(channel))->HasEnded,
        _ => 0,
    };
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    /// <summary>Sends what the kernel takes at once; EPIPE is an errno, not a signal.</summary>
    internal static nint SendStream(SafeFileHandle socket, ReadOnlySpan<byte> bytes) =>
        send(socket, in MemoryMarshal.GetReference(bytes), (nuint)bytes.Length, MSG_DONTWAIT | MSG_NOSIGNAL);

    /// <summary>Receives what is there; 0 at the end.</summary>
    internal static nint ReceiveStream(SafeFileHandle socket, Span<byte> buffer) =>
        recv(socket, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, MSG_DONTWAIT);

    /// <summary>As <see cref="ReceiveStream(SafeFileHandle, Span{byte})"/>, and leaves the bytes where they are.</summary>
    internal static nint PeekStream(SafeFileHandle socket, Span<byte> buffer) =>
        recv(socket, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, MSG_DONTWAIT | MSG_PEEK);

    /// <summary>As <see cref="SendStream(SafeFileHandle, ReadOnlySpan{byte})"/>, for a library that has the bytes; again when a signal came.</summary>
    internal static unsafe nint SendStream(int socket, byte* bytes, int length, out Errno error)
    {
        while (true)
        {
            var count = send(socket, bytes, (nuint)length, MSG_DONTWAIT | MSG_NOSIGNAL);
            error = count < 0 ? LastError : Errno.None;
            if (error != Errno.EINTR)
            {
                return count;
            }
        }
    }

    /// <summary>As <see cref="ReceiveStream(SafeFileHandle, Span{byte})"/>, for a library that has the buffer; again when a signal came.</summary>
    internal static unsafe nint ReceiveStream(int socket, byte* buffer, int length, out Errno error)
    {
        while (true)
        {
            var count = recv(socket, buffer, (nuint)length, MSG_DONTWAIT);
            error = count < 0 ? LastError : Errno.None;
            if (error != Errno.EINTR)
            {
                return count;
            }
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(SafeFileHandle socket, in byte data, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(SafeFileHandle socket, ref byte buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint send(int socket, byte* data, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint recv(int socket, byte* buffer, nuint length, int flags);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_PEEK = 2;
    internal const int MSG_DONTWAIT = 0x40;

    /// <summary>Receives one datagram; with MSG_TRUNC the result is its real length, even beyond the buffer's.</summary>
    internal static nint Receive(SafeFileHandle socket, Span<byte> buffer, int flags, out SockaddrNetlink from)
    {
        from = default;
        var length = SockaddrNetlink.Size;
        return recvfrom(socket, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, flags, ref from, ref length);
    }

    /// <summary>Receives a datagram that is there, and the address that it came from.</summary>
    internal static nint ReceiveFrom(SafeFileHandle socket, Span<byte> buffer, Span<byte> from)
    {
        var length = (uint)from.Length;
        return recvfrom(socket, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, MSG_DONTWAIT, ref MemoryMarshal.GetReference(from), ref length);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvfrom(SafeFileHandle socket, ref byte data, nuint length, int flags, ref byte from, ref uint fromLength);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvfrom(SafeFileHandle socket, ref byte data, nuint length, int flags, ref SockaddrNetlink from, ref uint fromLength);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    internal const int SOCK_STREAM = 1;
    internal const int SOCK_NONBLOCK = 0x800;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int listen(SafeFileHandle socket, int backlog);

    /// <summary>Takes a connection; the peer's address as <see cref="SocketAddress"/> reads it.</summary>
    internal static SafeFileHandle Accept(SafeFileHandle listener, Span<byte> peer)
    {
        var length = (uint)peer.Length;
        return accept4(listener, ref MemoryMarshal.GetReference(peer), ref length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial SafeFileHandle accept4(SafeFileHandle socket, ref byte address, ref uint addressLength, int flags);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockname(SafeFileHandle socket, ref SockaddrNetlink address, ref uint addressLength);

    /// <summary>The address that a socket is bound to, as <see cref="SocketAddress"/> reads it.</summary>
    internal static int GetName(SafeHandle socket, Span<byte> address)
    {
        var length = (uint)address.Length;
        return getsockname(socket, ref MemoryMarshal.GetReference(address), ref length);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockname(SafeHandle socket, ref byte address, ref uint addressLength);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    internal const int SHUT_WR = 1;
    internal const int SO_ERROR = 4;

    /// <summary>Connects to an address as <see cref="SocketAddress"/> writes it.</summary>
    internal static int Connect(SafeFileHandle socket, ReadOnlySpan<byte> address) => connect(socket, in MemoryMarshal.GetReference(address), (uint)address.Length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int shutdown(SafeFileHandle socket, int how);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(SafeFileHandle socket, in byte address, uint addressLength);
}

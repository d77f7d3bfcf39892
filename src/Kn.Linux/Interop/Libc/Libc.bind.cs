using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(SafeFileHandle socket, in SockaddrNetlink address, uint addressLength);

    /// <summary>Binds to an address as <see cref="SocketAddress"/> writes it.</summary>
    internal static int Bind(SafeFileHandle socket, ReadOnlySpan<byte> address) => bind(socket, in MemoryMarshal.GetReference(address), (uint)address.Length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(SafeFileHandle socket, in byte address, uint addressLength);
}

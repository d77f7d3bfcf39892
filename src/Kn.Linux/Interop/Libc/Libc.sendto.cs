using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    /// <summary>Sends one datagram to the kernel's end of a netlink socket; a negative result leaves errno.</summary>
    internal static nint Send(SafeFileHandle socket, ReadOnlySpan<byte> datagram)
    {
        var kernel = SockaddrNetlink.Kernel;
        return sendto(socket, in MemoryMarshal.GetReference(datagram), (nuint)datagram.Length, 0, in kernel, SockaddrNetlink.Size);
    }

    /// <summary>Sends one datagram to an address as <see cref="SocketAddress"/> writes it; a negative result leaves errno.</summary>
    internal static nint Send(SafeFileHandle socket, ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> address) =>
        sendto(socket, in MemoryMarshal.GetReference(datagram), (nuint)datagram.Length, MSG_DONTWAIT, in MemoryMarshal.GetReference(address), (uint)address.Length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendto(SafeFileHandle socket, in byte data, nuint length, int flags, in byte address, uint addressLength);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendto(SafeFileHandle socket, in byte data, nuint length, int flags, in SockaddrNetlink address, uint addressLength);
}

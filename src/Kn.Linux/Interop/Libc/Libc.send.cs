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


    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(SafeFileHandle socket, in byte data, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(SafeFileHandle socket, ref byte buffer, nuint length, int flags);
}

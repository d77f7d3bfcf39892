using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    internal const int EFD_CLOEXEC = 0x80000;
    internal const int EFD_NONBLOCK = 0x800;

    /// <summary>Makes the eventfd readable, for ever: nobody reads it.</summary>
    internal static void Signal(SafeFileHandle eventDescriptor)
    {
        ReadOnlySpan<byte> one = [1, 0, 0, 0, 0, 0, 0, 0];
        _ = Write(eventDescriptor, one);
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial SafeFileHandle eventfd(uint initial, int flags);
}

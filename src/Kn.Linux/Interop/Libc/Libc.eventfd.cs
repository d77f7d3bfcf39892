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
        ulong one = 1;
        _ = write(eventDescriptor, in one, sizeof(ulong));
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial SafeFileHandle eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle descriptor, in ulong value, nuint count);
}

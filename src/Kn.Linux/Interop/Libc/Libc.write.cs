using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    /// <summary>Writes the span in one call; negative results leave errno.</summary>
    internal static nint Write(SafeFileHandle descriptor, ReadOnlySpan<byte> bytes) =>
        write(descriptor, in MemoryMarshal.GetReference(bytes), (nuint)bytes.Length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle descriptor, in byte bytes, nuint count);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    /// <summary>Reads into the span; 0 at the end, negative results leave errno.</summary>
    internal static nint Read(SafeFileHandle descriptor, Span<byte> buffer) =>
        read(descriptor, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle descriptor, ref byte buffer, nuint count);
}

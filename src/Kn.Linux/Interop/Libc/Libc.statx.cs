using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_INO = 0x100;

    /// <summary>The inode number of an open file; for a namespace, its identity. Negative results leave errno.</summary>
    internal static int ReadInode(SafeFileHandle descriptor, out ulong inode)
    {
        var stat = default(Statx);
        var result = statx(descriptor, "", AT_EMPTY_PATH, STATX_INO, ref stat);
        inode = stat.Inode;
        return result;
    }

    // statx rather than fstat: its struct has one layout on every architecture.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(SafeFileHandle directory, string path, int flags, uint mask, ref Statx result);

    /// <summary>struct statx, uapi/linux/stat.h: 256 bytes, stx_ino at 32.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(32)]
        public ulong Inode;
    }
}

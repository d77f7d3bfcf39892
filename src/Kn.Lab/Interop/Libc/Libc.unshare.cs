using System.Runtime.InteropServices;

namespace Kn.Lab.Interop;

internal static partial class Libc
{
    internal const int CLONE_FS = 0x00000200;
    internal const int CLONE_FILES = 0x00000400;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int unshare(int flags);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    internal const int LOCK_EX = 2;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(SafeFileHandle descriptor, int operation);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    internal const int SHUT_RD = 0;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int shutdown(SafeFileHandle socket, int how);
}

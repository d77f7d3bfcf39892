using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static unsafe partial class Libc
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sendmmsg(SafeFileHandle socket, MultiMessageHeader* messages, uint count, int flags);
}

using System.Runtime.InteropServices;

namespace Kn.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int MSG_NOSIGNAL = 0x4000;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendmsg(SafeHandle socket, in MessageHeader message, int flags);
}

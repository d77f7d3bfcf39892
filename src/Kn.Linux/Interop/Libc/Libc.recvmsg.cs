using System.Runtime.InteropServices;

namespace Kn.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int MSG_CMSG_CLOEXEC = 0x40000000;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvmsg(SafeHandle socket, ref MessageHeader message, int flags);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial SafeFileHandle epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_ctl(SafeFileHandle poll, int operation, SafeFileHandle descriptor, ref byte @event);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_wait(SafeFileHandle poll, ref byte events, int count, int timeoutMilliseconds);
}

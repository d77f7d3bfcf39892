using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static unsafe partial class Libc
{
    /// <summary>Wait for the first message, take of the others what is there: without it the call waits until all slots are full.</summary>
    internal const int MSG_WAITFORONE = 0x10000;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int recvmmsg(SafeFileHandle socket, MultiMessageHeader* messages, uint count, int flags, nint timeout);
}

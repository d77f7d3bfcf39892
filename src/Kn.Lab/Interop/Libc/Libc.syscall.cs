using System.Runtime.InteropServices;

namespace Kn.Lab.Interop;

internal static partial class Libc
{
    /// <summary>pidfd_open(2); the numbers are the same on x86-64 and arm64.</summary>
    internal const nint SYS_pidfd_open = 434;

    /// <summary>pidfd_getfd(2): a copy of another process's open file; needs CAP_SYS_PTRACE.</summary>
    internal const nint SYS_pidfd_getfd = 438;

    /// <summary>Calls for which older C libraries have no function.</summary>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint syscall(nint number, nint first, nint second, nint third);
}

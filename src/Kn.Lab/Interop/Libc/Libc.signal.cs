using System.Runtime.InteropServices;

namespace Kn.Lab.Interop;

internal static partial class Libc
{
    internal const int SIGPIPE = 13;
    internal const nint SIG_DFL = 0;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint signal(int signal, nint handler);
}

using System.Runtime.InteropServices;

namespace Kn.Lab.Interop;

internal static partial class Libc
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsid();
}

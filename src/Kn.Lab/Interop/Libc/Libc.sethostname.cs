using System.Runtime.InteropServices;

namespace Kn.Lab.Interop;

internal static partial class Libc
{
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sethostname(string name, nuint length);
}

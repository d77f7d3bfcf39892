using System.Runtime.InteropServices;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    internal const int SO_TYPE = 3;
    internal const int SO_RCVBUF = 8;
    internal const int SO_ACCEPTCONN = 30;
    internal const int SO_PROTOCOL = 38;

    /// <summary>Reads an option of SOL_SOCKET that is an int; negative when the descriptor is no socket.</summary>
    internal static int GetOption(SafeHandle socket, int option)
    {
        var size = (uint)sizeof(int);
        return getsockopt(socket, SOL_SOCKET, option, out var value, ref size) < 0 ? -1 : value;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(SafeHandle socket, int level, int option, out int value, ref uint length);
}

using System.Runtime.InteropServices;

namespace Kn.Linux.Interop;

/// <summary>System calls through libc, one file a call. Each keeps the call's own name and argument order;
/// a wrapper in the same file turns its failure into an <see cref="Errno"/> or a <see cref="LinuxException"/>.</summary>
internal static partial class Libc
{
    /// <summary>errno of the last call of this thread; read it on the line after the call.</summary>
    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    internal static void ThrowIfFailed(nint result, string operation)
    {
        if (result < 0)
        {
            throw new LinuxException(operation, LastError);
        }
    }
}

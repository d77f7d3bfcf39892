using System.Runtime.InteropServices;
using Kn.Linux;

namespace Kn.Lab.Interop;

/// <summary>The few system calls that put a process into a pod's namespaces; everything about networks is Kn.Linux's.</summary>
internal static partial class Libc
{
    /// <summary>errno of the call before.</summary>
    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>Throws when a call answered with a negative number.</summary>
    /// <exception cref="LinuxException">The call failed.</exception>
    internal static int Check(int result, string operation) => result < 0 ? throw new LinuxException(operation, LastError) : result;
}

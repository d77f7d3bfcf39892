using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    internal const int SOL_SOCKET = 1;
    internal const int SO_RCVTIMEO = 20;
    internal const int SO_SNDTIMEO = 21;
    internal const int SO_SNDBUFFORCE = 32;
    internal const int SO_RCVBUFFORCE = 33;
    internal const int SOL_NETLINK = 270;
    internal const int NETLINK_ADD_MEMBERSHIP = 1;
    internal const int NETLINK_DROP_MEMBERSHIP = 2;
    internal const int NETLINK_LISTEN_ALL_NSID = 8;
    internal const int NETLINK_CAP_ACK = 10;
    internal const int NETLINK_EXT_ACK = 11;
    internal const int NETLINK_GET_STRICT_CHK = 12;

    /// <summary>Sets an option that is an int.</summary>
    internal static int SetOption(SafeFileHandle socket, int level, int option, int value) =>
        setsockopt(socket, level, option, in value, sizeof(int));

    /// <summary>Sets an option that is a struct.</summary>
    internal static int SetOption(SafeFileHandle socket, int level, int option, ReadOnlySpan<byte> value) =>
        setsockopt(socket, level, option, in MemoryMarshal.GetReference(value), (uint)value.Length);

    /// <summary>Attaches classic BPF: struct sock_fprog (uapi/linux/filter.h) has the number of instructions, and where they are.</summary>
    internal static unsafe int AttachFilter(SafeFileHandle socket, int option, ReadOnlySpan<byte> instructions)
    {
        const int InstructionBytes = 8;
        fixed (byte* code = instructions)
        {
            var program = new FilterProgram { Count = (ushort)(instructions.Length / InstructionBytes), Instructions = code };
            return setsockopt(socket, SOL_SOCKET, option, in program, (uint)sizeof(FilterProgram));
        }
    }

    /// <summary>Sets a timeout option; struct timeval of a 64-bit kernel is two longs.</summary>
    internal static int SetTimeout(SafeFileHandle socket, int option, TimeSpan timeout)
    {
        var value = new Timeval((long)timeout.TotalSeconds, timeout.Microseconds + (timeout.Milliseconds * 1000L));
        return setsockopt(socket, SOL_SOCKET, option, in value, 2 * sizeof(long));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(SafeFileHandle socket, int level, int option, in int value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(SafeFileHandle socket, int level, int option, in Timeval value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(SafeFileHandle socket, int level, int option, in byte value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(SafeFileHandle socket, int level, int option, in FilterProgram value, uint length);

    private unsafe struct FilterProgram
    {
        public ushort Count;
        public byte* Instructions;
    }

    private readonly record struct Timeval(long Seconds, long Microseconds);
}

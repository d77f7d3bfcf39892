using System.Runtime.InteropServices;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    /// <summary>The number of bpf(2), which libc has no function for: asm/unistd_64.h, asm-generic/unistd.h (arm64).</summary>
    private static readonly nint BpfNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 280 : 321;

    /// <summary>bpf(2).</summary>
    /// <param name="command">enum bpf_cmd, uapi/linux/bpf.h.</param>
    /// <param name="attributes">The command's part of union bpf_attr; the rest of it is zero.</param>
    internal static unsafe nint bpf(int command, ReadOnlySpan<byte> attributes)
    {
        fixed (byte* start = attributes)
        {
            return syscall(BpfNumber, command, start, attributes.Length);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint syscall(nint number, nint command, byte* attributes, nint length);
}

using System.Buffers.Binary;
using System.Text;
using Kn.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Bpf;

/// <summary>A program for traffic control (BPF_PROG_TYPE_SCHED_CLS), checked and compiled by the kernel. It lives while a descriptor or a filter holds it.</summary>
/// <remarks>BPF_PROG_LOAD, uapi/linux/bpf.h; tc-bpf(8).</remarks>
public sealed class BpfProgram : IDisposable
{
    private const int BPF_PROG_LOAD = 5;
    private const uint BPF_PROG_TYPE_SCHED_CLS = 3;
    private const int LoadBytes = 48 + BpfMap.NameBytes;
    private const int JournalBytes = 64 * 1024;
    private readonly SafeFileHandle _descriptor;

    private BpfProgram(string name, nint number)
    {
        Name = name;
        _descriptor = new SafeFileHandle(number, ownsHandle: true);
    }

    /// <summary>What it is called in the kernel, up to 15 characters.</summary>
    public string Name { get; }

    internal int Number => (int)_descriptor.DangerousGetHandle();

    /// <summary>Has the kernel check and take a program.</summary>
    /// <exception cref="LinuxException">EPERM: without CAP_BPF or CAP_NET_ADMIN, or switched off. EINVAL: the kernel is too old for something that it uses.
    /// EACCES: the kernel's check found a fault; the end of what it says of it is in the message.</exception>
    public static BpfProgram LoadClassifier(string name, BpfAssembler code)
    {
        var instructions = code.Assemble();
        var number = Load(name, instructions, []);
        if (number >= 0)
        {
            return new BpfProgram(name, number);
        }

        // Once more, with words: the kernel's account of a program that is well is of no use, and slow.
        var errno = Libc.LastError;
        var account = new byte[JournalBytes];
        _ = Load(name, instructions, account);
        throw new LinuxException($"load BPF program {name}{Fault(Encoding.ASCII.GetString(account))}", errno);
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();

    /// <summary>The last thing that is said before the sum, "processed N insns".</summary>
    private static string Fault(string account)
    {
        var lines = account.TrimEnd('\0').Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var last = Array.FindLast(lines, static line => !line.StartsWith("processed ", StringComparison.Ordinal));
        return last is null ? "" : $" ({last})";
    }

    private static unsafe nint Load(string name, byte[] instructions, byte[] account)
    {
        fixed (byte* code = instructions, license = "Apache-2.0\0"u8, words = account)
        {
            Span<byte> attributes = stackalloc byte[LoadBytes];
            attributes.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(attributes, BPF_PROG_TYPE_SCHED_CLS);
            BinaryPrimitives.WriteInt32LittleEndian(attributes[4..], instructions.Length / BpfAssembler.InstructionBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(attributes[8..], (ulong)code);
            BinaryPrimitives.WriteUInt64LittleEndian(attributes[16..], (ulong)license);
            BinaryPrimitives.WriteInt32LittleEndian(attributes[24..], account.Length == 0 ? 0 : 1);
            BinaryPrimitives.WriteInt32LittleEndian(attributes[28..], account.Length);
            BinaryPrimitives.WriteUInt64LittleEndian(attributes[32..], (ulong)words);
            Encoding.ASCII.GetBytes(name, attributes.Slice(48, BpfMap.NameBytes - 1));
            return Libc.bpf(BPF_PROG_LOAD, attributes);
        }
    }
}

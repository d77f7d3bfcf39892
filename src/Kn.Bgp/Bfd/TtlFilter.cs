using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Kn.Bgp.Bfd;

/// <summary>Lets the kernel drop what came over a router: packets whose TTL is not 255 any more (RFC 5881 §5).</summary>
/// <remarks>IP_MINTTL is for TCP alone; so a classic BPF program looks at the header of IP. struct sock_filter and struct sock_fprog,
/// uapi/linux/filter.h.
/// <code>
/// ldb [SKF_NET_OFF + offset of the TTL]
/// jeq #255, next, drop
/// ret #all
/// ret #0
/// </code></remarks>
internal static class TtlFilter
{
    private const int SOL_SOCKET = 1;
    private const int SO_ATTACH_FILTER = 26;
    private const ushort LoadByte = 0x30; // BPF_LD | BPF_B | BPF_ABS
    private const ushort JumpEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    private const ushort Return = 0x06; // BPF_RET | BPF_K
    private const int SKF_NET_OFF = -0x10_0000;
    private const int TtlOffsetV4 = 8;
    private const int HopLimitOffsetV6 = 7;
    private const int InstructionBytes = 8;
    private const int Instructions = 4;

    internal static void Attach(Socket socket)
    {
        var program = new byte[InstructionBytes * Instructions];
        var offset = socket.AddressFamily == AddressFamily.InterNetwork ? TtlOffsetV4 : HopLimitOffsetV6;
        Write(program, 0, LoadByte, SKF_NET_OFF + offset);
        Write(program, 1, JumpEqual, 255, jumpFalse: 1);
        Write(program, 2, Return, -1);
        Write(program, 3, Return, 0);
        var memory = Marshal.AllocHGlobal(program.Length);
        try
        {
            Marshal.Copy(program, 0, memory, program.Length);
            Span<byte> option = stackalloc byte[2 * nint.Size];
            option.Clear();
            BinaryPrimitives.WriteUInt16LittleEndian(option, Instructions);
            BinaryPrimitives.WriteInt64LittleEndian(option[nint.Size..], memory);
            socket.SetRawSocketOption(SOL_SOCKET, SO_ATTACH_FILTER, option);
        }
        finally
        {
            // The kernel has its own copy.
            Marshal.FreeHGlobal(memory);
        }
    }

    private static void Write(Span<byte> program, int index, ushort code, int value, byte jumpFalse = 0)
    {
        var instruction = program[(index * InstructionBytes)..];
        BinaryPrimitives.WriteUInt16LittleEndian(instruction, code);
        instruction[3] = jumpFalse;
        BinaryPrimitives.WriteInt32LittleEndian(instruction[4..], value);
    }
}

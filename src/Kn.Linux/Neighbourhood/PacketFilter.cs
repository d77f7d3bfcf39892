using System.Buffers.Binary;
using Kn.Primitives;

namespace Kn.Linux.Neighbourhood;

/// <summary>Classic BPF that lets through what a <see cref="PacketSocket"/> wants, so that a busy link wakes nobody for the rest.</summary>
/// <remarks>struct sock_filter, uapi/linux/filter.h: <code>code u16 | jump if true u8 | jump if false u8 | k u32</code> in the machine's byte
/// order. Loads are from the Ethernet header on, and bring numbers in host order.</remarks>
public static class PacketFilter
{
    internal const int InstructionBytes = 8;

    private const ushort LoadWord = 0x20;
    private const ushort LoadByte = 0x30;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfGreaterOrEqual = 0x35;
    private const ushort JumpIfGreater = 0x25;
    private const ushort Return = 0x06;
    private const uint Everything = 0x4_0000;

    // Jumps reach 255 instructions: with more ranges than this, all ARP comes through, and is told apart later.
    private const int MostRanges = 60;

    /// <summary>ARP that asks for, or tells of, an IPv4 address of these ranges.</summary>
    public static byte[] Arp(IReadOnlyList<IpRange> ranges)
    {
        const uint Sender = EthernetHeader.Bytes + 14;
        const uint Target = EthernetHeader.Bytes + 24;
        if (ranges.Count > MostRanges)
        {
            return [.. Instruction(Return, 0, 0, Everything)];
        }

        // For each field: load; for each range: at or above its first? not above its last? then accept.
        var code = new List<byte>();
        var left = 2 * (1 + (2 * ranges.Count));
        foreach (var offset in (ReadOnlySpan<uint>)[Sender, Target])
        {
            code.AddRange(Instruction(LoadWord, 0, 0, offset));
            left--;
            foreach (var range in ranges)
            {
                code.AddRange(Instruction(JumpIfGreaterOrEqual, 0, 1, (uint)range.First.Number));
                left -= 2;
                // Behind all comparisons come "drop" and "accept".
                code.AddRange(Instruction(JumpIfGreater, 0, (byte)(left + 1), (uint)range.Last.Number));
            }
        }

        code.AddRange(Instruction(Return, 0, 0, 0));
        code.AddRange(Instruction(Return, 0, 0, Everything));
        return [.. code];
    }

    /// <summary>Neighbor Solicitations and Advertisements.</summary>
    public static byte[] NeighbourDiscovery() =>
    [
        .. Instruction(LoadByte, 0, 0, EthernetHeader.Bytes + 6),
        .. Instruction(JumpIfEqual, 0, 4, 58),
        .. Instruction(LoadByte, 0, 0, EthernetHeader.Bytes + 40),
        .. Instruction(JumpIfEqual, 1, 0, 135),
        .. Instruction(JumpIfEqual, 0, 1, 136),
        .. Instruction(Return, 0, 0, Everything),
        .. Instruction(Return, 0, 0, 0),
    ];

    private static byte[] Instruction(ushort code, byte ifTrue, byte ifFalse, uint k)
    {
        var bytes = new byte[InstructionBytes];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, code);
        bytes[2] = ifTrue;
        bytes[3] = ifFalse;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), k);
        return bytes;
    }
}

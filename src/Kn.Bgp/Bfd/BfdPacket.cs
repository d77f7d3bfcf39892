using System.Buffers.Binary;

namespace Kn.Bgp.Bfd;

/// <summary>A control packet, without authentication.</summary>
/// <remarks>RFC 5880 §4.1.
/// <code>
///  0  1  version (3 bits): 1, diagnostic (5 bits)
///  1  1  state (2 bits), poll, final, control plane independent, authentication, demand, multipoint
///  2  1  detection multiplier
///  3  1  length
///  4  4  my discriminator
///  8  4  your discriminator
/// 12  4  desired minimal interval of sending, in microseconds
/// 16  4  required minimal interval of receiving
/// 20  4  required minimal interval of receiving echoes
/// </code></remarks>
internal readonly record struct BfdPacket(
    BfdState State, BfdDiagnostic Diagnostic, bool Poll, bool Final, byte Multiplier, uint Mine, uint Yours, uint SendMicroseconds, uint ReceiveMicroseconds)
{
    internal const int Size = 24;

    private const byte Version = 1 << 5;
    private const byte PollBit = 0x20;
    private const byte FinalBit = 0x10;
    private const byte AuthenticationBit = 0x04;
    private const byte MultipointBit = 0x01;

    /// <summary>Reads one; false for what RFC 5880 §6.8.6 wants discarded, and for packets with authentication, of which none is configured.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out BfdPacket packet)
    {
        packet = default;
        if (bytes.Length < Size || (bytes[0] & 0xE0) != Version || bytes[3] < Size || bytes[3] > bytes.Length
            || bytes[2] == 0 || (bytes[1] & (MultipointBit | AuthenticationBit)) != 0)
        {
            return false;
        }

        packet = new BfdPacket(
            (BfdState)(bytes[1] >> 6),
            (BfdDiagnostic)(bytes[0] & 0x1F),
            (bytes[1] & PollBit) != 0,
            (bytes[1] & FinalBit) != 0,
            bytes[2],
            BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]));
        return packet.Mine != 0 && (packet.Yours != 0 || packet.State is BfdState.Down or BfdState.AdminDown) && !packet.IsPollAndFinal;
    }

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    internal void Write(Span<byte> bytes)
    {
        bytes[0] = (byte)(Version | (byte)Diagnostic);
        bytes[1] = (byte)(((byte)State << 6) | (Poll ? PollBit : 0) | (Final ? FinalBit : 0));
        bytes[2] = Multiplier;
        bytes[3] = Size;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], Mine);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], Yours);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], SendMicroseconds);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[16..], ReceiveMicroseconds);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[20..], 0);
    }

    private bool IsPollAndFinal => Poll && Final;
}

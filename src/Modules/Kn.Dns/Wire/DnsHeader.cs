using System.Buffers.Binary;

namespace Kn.Dns.Wire;

/// <summary>The first 12 bytes of every message.</summary>
/// <remarks>RFC 1035 §4.1.1. All fields are big-endian.
/// <code>
///   0  2  id
///   2  2  QR(1) opcode(4) AA TC RD RA Z AD CD rcode(4)
///   4  2  questions
///   6  2  answers
///   8  2  authorities
///  10  2  additionals
/// </code></remarks>
internal readonly record struct DnsHeader(ushort Id, ushort Bits, ushort Questions, ushort Answers, ushort Authorities, ushort Additionals)
{
    /// <summary>Length of a header in bytes.</summary>
    public const int Size = 12;

    /// <summary>Opcode of an ordinary query.</summary>
    public const int QueryOpcode = 0;

    /// <summary>The opcode's bits within the second field.</summary>
    public const ushort OpcodeMask = 0x7800;

    private const ushort RcodeMask = 0x000F;
    private const int OpcodeShift = 11;

    /// <summary>The flags, without opcode and rcode.</summary>
    public DnsFlags Flags => (DnsFlags)(Bits & ~(OpcodeMask | RcodeMask));

    /// <summary>What kind of query: 0 is the ordinary one.</summary>
    public int Opcode => (Bits & OpcodeMask) >> OpcodeShift;

    /// <summary>The lower four bits of the rcode; EDNS has the rest.</summary>
    public DnsRcode Rcode => (DnsRcode)(Bits & RcodeMask);

    /// <summary>True for a response.</summary>
    public bool IsResponse => (Bits & (ushort)DnsFlags.Response) != 0;

    /// <summary>True when the message was cut.</summary>
    public bool IsTruncated => (Bits & (ushort)DnsFlags.Truncated) != 0;

    /// <summary>Reads a header; the span has at least <see cref="Size"/> bytes.</summary>
    public static DnsHeader Read(ReadOnlySpan<byte> message) => new(
        BinaryPrimitives.ReadUInt16BigEndian(message),
        BinaryPrimitives.ReadUInt16BigEndian(message[2..]),
        BinaryPrimitives.ReadUInt16BigEndian(message[4..]),
        BinaryPrimitives.ReadUInt16BigEndian(message[6..]),
        BinaryPrimitives.ReadUInt16BigEndian(message[8..]),
        BinaryPrimitives.ReadUInt16BigEndian(message[10..]));

    /// <summary>Writes a header; the span has at least <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> message)
    {
        BinaryPrimitives.WriteUInt16BigEndian(message, Id);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], Bits);
        BinaryPrimitives.WriteUInt16BigEndian(message[4..], Questions);
        BinaryPrimitives.WriteUInt16BigEndian(message[6..], Answers);
        BinaryPrimitives.WriteUInt16BigEndian(message[8..], Authorities);
        BinaryPrimitives.WriteUInt16BigEndian(message[10..], Additionals);
    }
}

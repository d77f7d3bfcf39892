using System.Buffers.Binary;
using System.Text;
using Kn.Primitives;

namespace Kn.Ingress.Names;

/// <summary>A question to a recursive resolver and its answer, as far as a name's addresses need it.</summary>
/// <remarks>
/// <code>
/// RFC 1035 §4.1   ID(2) flags(2) questions(2) answers(2) authority(2) additional(2), then QNAME QTYPE(2) QCLASS(2),
///                 then for each answer NAME TYPE(2) CLASS(2) TTL(4) RDLENGTH(2) RDATA
/// </code>
/// </remarks>
internal static class DnsQuestion
{
    /// <summary>Longest question.</summary>
    public const int MaxLength = 12 + 255 + 4;

    private const int HeaderLength = 12;
    private const ushort RecursionDesired = 0x0100;
    private const ushort IsAnswer = 0x8000;
    private const ushort CodeMask = 0x000F;
    private const ushort A = 1;
    private const ushort Aaaa = 28;
    private const ushort Internet = 1;

    /// <summary>Writes a question; 0 for what is no name.</summary>
    public static int Write(Span<byte> destination, ushort id, string name, IpFamily family)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, id);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], RecursionDesired);
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], 1);
        destination[6..HeaderLength].Clear();
        var at = HeaderLength;
        foreach (var label in name.TrimEnd('.').Split('.'))
        {
            if (label.Length is 0 or > 63 || at + label.Length + 6 > MaxLength || !Ascii.IsValid(label))
            {
                return 0;
            }

            destination[at] = (byte)label.Length;
            at += 1 + Encoding.ASCII.GetBytes(label, destination[(at + 1)..]);
        }

        destination[at] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(destination[(at + 1)..], family == IpFamily.V4 ? A : Aaaa);
        BinaryPrimitives.WriteUInt16BigEndian(destination[(at + 3)..], Internet);
        return at + 5;
    }

    /// <summary>Reads an answer to a question.</summary>
    /// <param name="answer">What came.</param>
    /// <param name="question">What was asked.</param>
    /// <param name="addresses">Gets the addresses.</param>
    /// <param name="seconds">Gets the shortest time that something in it holds.</param>
    /// <returns>False for what is no answer to it, or says that there was a failure. A name that does not exist has no addresses.</returns>
    public static bool TryRead(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> question, List<IpAddress> addresses, ref uint seconds)
    {
        if (answer.Length < question.Length || !answer[..2].SequenceEqual(question[..2]) || !answer[HeaderLength..question.Length].SequenceEqual(question[HeaderLength..]))
        {
            return false;
        }

        var flags = BinaryPrimitives.ReadUInt16BigEndian(answer[2..]);
        if ((flags & IsAnswer) == 0 || (flags & CodeMask) is not (0 or 3))
        {
            return false;
        }

        var at = question.Length;
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(answer[6..]); left > 0; left--)
        {
            if (!TryReadRecord(answer, ref at, addresses, ref seconds))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadRecord(ReadOnlySpan<byte> answer, ref int at, List<IpAddress> addresses, ref uint seconds)
    {
        while (at < answer.Length && answer[at] is > 0 and < 64)
        {
            at += 1 + answer[at];
        }

        at += at < answer.Length && answer[at] >= 0xC0 ? 2 : 1;
        if (at + 10 > answer.Length)
        {
            return false;
        }

        var type = BinaryPrimitives.ReadUInt16BigEndian(answer[at..]);
        var length = BinaryPrimitives.ReadUInt16BigEndian(answer[(at + 8)..]);
        seconds = Math.Min(seconds, BinaryPrimitives.ReadUInt32BigEndian(answer[(at + 4)..]));
        at += 10;
        if (at + length > answer.Length)
        {
            return false;
        }

        if ((type == A && length == 4) || (type == Aaaa && length == 16))
        {
            addresses.Add(IpAddress.FromBytes(answer.Slice(at, length)));
        }

        at += length;
        return true;
    }
}

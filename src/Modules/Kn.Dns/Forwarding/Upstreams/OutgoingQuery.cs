using System.Buffers.Binary;
using System.Security.Cryptography;
using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>A question as upstreams are asked it: not the client's message but one of our own, with our own EDNS.</summary>
/// <remarks>AD is set, so that upstreams say what they have validated (RFC 6840 §5.7); DO and CD are the
/// client's. A client's other EDNS options (its subnet, its cookie) are its affair with us and stay here.</remarks>
internal sealed class OutgoingQuery
{
    private const int FixedBytes = 4;

    private readonly byte[] _question;
    private readonly QuestionBits _bits;
    private readonly int _ednsSize;
    private readonly bool _randomCase;

    /// <summary>A query for this question.</summary>
    /// <param name="question">Name, type and class.</param>
    /// <param name="bits">DO and CD.</param>
    /// <param name="ednsSize">Largest UDP answer wanted.</param>
    /// <param name="randomCase">Letters in random case, wanted back so (0x20).</param>
    public OutgoingQuery(ReadOnlySpan<byte> question, QuestionBits bits, int ednsSize, bool randomCase)
    {
        _question = question.ToArray();
        DnsName.CopyLower(question[..^FixedBytes], _question);
        _bits = bits;
        _ednsSize = ednsSize;
        _randomCase = randomCase;
    }

    /// <summary>RD: the upstream is to do the work. Without it a resolver says at once what it has, or that it does not want to.</summary>
    public bool RecursionDesired { get; init; } = true;

    /// <summary>Bytes of the question.</summary>
    public int QuestionLength => _question.Length;

    /// <summary>True when an answer must have the name's letters as they were sent.</summary>
    public bool ExactCase => _randomCase;

    /// <summary>A message with an unpredictable id, and with unpredictable case if that is wanted; each time another.</summary>
    /// <param name="edns">With an OPT record; without for upstreams that do not know it (RFC 6891 §6.2.2).</param>
    public byte[] Compose(bool edns)
    {
        var message = new byte[DnsHeader.Size + _question.Length + (edns ? Edns.RecordSize : 0)];
        var flags = DnsFlags.AuthenticData | (RecursionDesired ? DnsFlags.RecursionDesired : DnsFlags.None)
            | ((_bits & QuestionBits.CheckingDisabled) != 0 ? DnsFlags.CheckingDisabled : DnsFlags.None);
        new DnsHeader(RandomId(), (ushort)flags, 1, 0, 0, (ushort)(edns ? 1 : 0)).Write(message);
        var question = message.AsSpan(DnsHeader.Size, _question.Length);
        _question.CopyTo(question);
        if (_randomCase)
        {
            Randomise(question[..^FixedBytes]);
        }

        if (edns)
        {
            OptRecord.Write(message.AsSpan(DnsHeader.Size + _question.Length), (ushort)_ednsSize, DnsRcode.NoError, (_bits & QuestionBits.DnssecOk) != 0);
        }

        return message;
    }

    /// <summary>An id that nobody can foretell (RFC 5452 §4.3).</summary>
    public static ushort RandomId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    private static void Randomise(Span<byte> name)
    {
        Span<byte> coins = stackalloc byte[name.Length];
        RandomNumberGenerator.Fill(coins);
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] is >= (byte)'a' and <= (byte)'z' && (coins[i] & 1) != 0)
            {
                name[i] &= 0xDF;
            }
        }
    }
}

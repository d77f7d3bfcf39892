using System.Buffers.Binary;
using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Caching;

/// <summary>What an answer is kept under: name (whatever the case of its letters), type, class, and the two bits of a query that change
/// what an upstream answers.</summary>
/// <remarks>DO brings signatures along (RFC 4035 §3.2.1); CD lets through what fails validation (§3.2.2), which a client without CD must
/// not be given.</remarks>
internal readonly ref struct QuestionKey
{
    private const ulong Multiplier = 0xD6E8_FEB8_6659_FD93;
    private const int FixedBytes = 4;

    private QuestionKey(ReadOnlySpan<byte> question, ulong nameHash, QuestionBits bits)
    {
        Question = question;
        Bits = bits;
        var rest = BinaryPrimitives.ReadUInt32BigEndian(question[^FixedBytes..]);
        var high = Math.BigMul(nameHash ^ (((ulong)bits << 32) | rest), Multiplier, out var low);
        Hash = high ^ low;
    }

    /// <summary>Name, type and class as they stand in the query.</summary>
    public ReadOnlySpan<byte> Question { get; }

    /// <summary>The name alone.</summary>
    public ReadOnlySpan<byte> Name => Question[..^FixedBytes];

    /// <summary>DO and CD.</summary>
    public QuestionBits Bits { get; }

    /// <summary>The same for keys that match; unpredictable to those who choose names.</summary>
    public ulong Hash { get; }

    /// <summary>What a client's query is kept under.</summary>
    public static QuestionKey Of(in DnsQuery query) => new(
        query.Question,
        query.NameHash,
        (query.Edns.DnssecOk ? QuestionBits.DnssecOk : QuestionBits.None)
        | ((query.Flags & DnsFlags.CheckingDisabled) != 0 ? QuestionBits.CheckingDisabled : QuestionBits.None));

    /// <summary>What a question is kept under.</summary>
    public static QuestionKey Of(ReadOnlySpan<byte> question, QuestionBits bits) =>
        new(question, DnsName.Hash(question[..^FixedBytes]), bits);

    /// <summary>True when a question in the same form is the same one.</summary>
    public bool Matches(ReadOnlySpan<byte> question, QuestionBits bits) =>
        bits == Bits
        && question.Length == Question.Length
        && question[^FixedBytes..].SequenceEqual(Question[^FixedBytes..])
        && DnsName.Matches(question[..^FixedBytes], Name);
}

/// <summary>The bits of a query that an answer depends on.</summary>
[Flags]
internal enum QuestionBits : byte
{
    /// <summary>Neither.</summary>
    None = 0,

    /// <summary>DO: with signatures.</summary>
    DnssecOk = 1,

    /// <summary>CD: even if they are wrong.</summary>
    CheckingDisabled = 2,
}

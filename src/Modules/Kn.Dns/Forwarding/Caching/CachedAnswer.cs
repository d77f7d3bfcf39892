using System.Buffers.Binary;
using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Caching;

/// <summary>An answer as it is kept: the upstream's message without OPT, and behind it where its TTLs stand. What it says never changes;
/// what is counted on it may be a little wrong when several threads count at once.</summary>
/// <remarks>
/// The name in the question is in lower case. A client's own spelling is written over it, and owners that point to it, as nearly all do, follow.
/// <code>
/// header(12) question records | offset(2) of each record's TTL, big-endian
/// </code>
/// </remarks>
internal sealed class CachedAnswer
{
    /// <summary>What an entry takes besides its bytes: this object (144), the array's own header (24), its slot of the table (8 to 16).</summary>
    internal const int Overhead = 192;

    /// <summary>Hits since it was stored that make it popular enough to be fetched again before it ends.</summary>
    internal const byte Popular = 3;

    private const byte MaxUses = 3;

    private readonly byte[] _bytes;
    private readonly int _messageLength;
    private readonly int _questionLength;
    private byte _hits;
    private byte _uses;
    private int _refreshing;
    private long _staleUntil = long.MinValue;

    private CachedAnswer(byte[] bytes, int messageLength, in QuestionKey key, long now)
    {
        _bytes = bytes;
        _messageLength = messageLength;
        _questionLength = key.Question.Length;
        Hash = key.Hash;
        Bits = key.Bits;
        StoredAt = now;
        EndsAt = now;
    }

    /// <summary>Its key's hash.</summary>
    public ulong Hash { get; }

    /// <summary>The bits of its key.</summary>
    public QuestionBits Bits { get; }

    /// <summary>When it came, in milliseconds.</summary>
    public long StoredAt { get; }

    /// <summary>When the first of its TTLs ends, in milliseconds; <see cref="StoredAt"/> for what must not be kept.</summary>
    public long EndsAt { get; private init; }

    /// <summary>What it says.</summary>
    public AnswerKind Kind { get; private init; }

    /// <summary>Its rcode; one of the header's sixteen.</summary>
    public DnsRcode Rcode => DnsHeader.Read(_bytes).Rcode;

    /// <summary>The message with id 0, its name in lower case.</summary>
    public ReadOnlySpan<byte> Message => _bytes.AsSpan(0, _messageLength);

    /// <summary>Name, type and class, the name in lower case.</summary>
    public ReadOnlySpan<byte> Question => _bytes.AsSpan(DnsHeader.Size, _questionLength);

    /// <summary>Two bytes for each record: where its TTL stands.</summary>
    public ReadOnlySpan<byte> TtlOffsets => _bytes.AsSpan(_messageLength);

    /// <summary>What it takes of the cache's size.</summary>
    public int Cost => Overhead + ((_bytes.Length + 7) & ~7);

    /// <summary>True when it may be kept at all.</summary>
    public bool IsCacheable => EndsAt > StoredAt;

    /// <summary>True for one that somebody asked for again since it was last looked at for eviction; asking uses it up.</summary>
    public bool TakeUse() => _uses > 0 && _uses-- > 0;

    /// <summary>Asked for at least twice since it came.</summary>
    public bool IsReused => _uses > 1;

    /// <summary>Next in its bucket; written under the cache's lock only, read without.</summary>
    internal CachedAnswer? Next;

    /// <summary>Neighbours in its eviction queue; under the cache's lock only.</summary>
    internal CachedAnswer? Newer;

    /// <inheritdoc cref="Newer"/>
    internal CachedAnswer? Older;

    /// <summary>The queue it stands in; null when it is not, or no longer, in the cache.</summary>
    internal EvictionQueue? Queue;

    /// <summary>Makes one of a checked answer.</summary>
    /// <param name="message">What came, without fault.</param>
    /// <param name="shape">What it is.</param>
    /// <param name="key">What it answers.</param>
    /// <param name="limits">For how long it may be kept.</param>
    /// <param name="now">In milliseconds.</param>
    public static CachedAnswer Of(ReadOnlySpan<byte> message, in AnswerShape shape, in QuestionKey key, in TtlLimits limits, long now)
    {
        var bare = shape.Length < DnsHeader.Size + key.Question.Length;
        var length = bare ? DnsHeader.Size + key.Question.Length : shape.Length;
        var bytes = new byte[length + (shape.Records * 2)];
        message[..shape.Length].CopyTo(bytes);
        var header = DnsHeader.Read(message);
        (header with { Id = 0, Questions = 1, Additionals = shape.Additionals, Answers = bare ? (ushort)0 : header.Answers, Authorities = bare ? (ushort)0 : header.Authorities }).Write(bytes);
        DnsName.CopyLower(key.Name, bytes.AsSpan(DnsHeader.Size));
        key.Question[key.Name.Length..].CopyTo(bytes.AsSpan(DnsHeader.Size + key.Name.Length));
        var seconds = LimitTtls(bytes, length, shape, key.Question.Length, limits);
        return new CachedAnswer(bytes, length, key, now)
        {
            Kind = shape.Kind,
            EndsAt = now + (seconds * 1000L),
        };
    }

    /// <summary>One without records that no upstream gave: SERVFAIL, because none could be asked, or REFUSED.</summary>
    /// <param name="key">What was asked.</param>
    /// <param name="rcode">What it says.</param>
    /// <param name="seconds">How long it is remembered; 0 for not at all.</param>
    /// <param name="now">In milliseconds.</param>
    public static CachedAnswer Error(in QuestionKey key, DnsRcode rcode, int seconds, long now)
    {
        var bytes = new byte[DnsHeader.Size + key.Question.Length];
        new DnsHeader(0, (ushort)((ushort)DnsFlags.Response | (ushort)rcode), 1, 0, 0, 0).Write(bytes);
        key.Question.CopyTo(bytes.AsSpan(DnsHeader.Size));
        DnsName.CopyLower(key.Name, bytes.AsSpan(DnsHeader.Size));
        return new CachedAnswer(bytes, bytes.Length, key, now) { Kind = AnswerKind.Failure, EndsAt = now + (seconds * 1000L) };
    }

    /// <summary>True when it is the answer to that question.</summary>
    public bool Answers(in QuestionKey key) => Hash == key.Hash && key.Matches(Question, Bits);

    /// <summary>Counts a hit. Writes only while there is something to count, so that threads do not fight over a popular entry's memory.</summary>
    public void Touch()
    {
        if (_hits < Popular)
        {
            _hits++;
        }

        if (_uses < MaxUses)
        {
            _uses++;
        }
    }

    /// <summary>Takes over how often its predecessor was used.</summary>
    internal void Succeed(CachedAnswer predecessor) => _uses = predecessor._uses;

    /// <summary>True once, when it is popular and in the last tenth of its life: the caller fetches it anew.</summary>
    public bool TakeRefresh(long now) =>
        _hits >= Popular && now >= EndsAt - ((EndsAt - StoredAt) / 10) && Interlocked.Exchange(ref _refreshing, 1) == 0;

    /// <summary>Lets it be given until then although it has ended, because no newer one can be had.</summary>
    public void ExtendStale(long until) => Volatile.Write(ref _staleUntil, until);

    /// <summary>True while it may be given although it has ended.</summary>
    public bool IsExtended(long now) => now < Volatile.Read(ref _staleUntil);

    /// <summary>Writes each TTL within its limits, notes where it stands, and returns the smallest.</summary>
    private static long LimitTtls(Span<byte> bytes, int length, in AnswerShape shape, int questionLength, in TtlLimits limits)
    {
        var smallest = shape.Kind switch
        {
            AnswerKind.Failure => limits.Failure,
            AnswerKind.Positive => limits.Max,
            AnswerKind.Negative => limits.MaxNegative,
            _ => 0u,
        };
        var reader = new MessageReader(bytes[..length], DnsHeader.Size + questionLength);
        for (var index = 0; index < shape.Records && reader.TryReadRecord(out var record); index++)
        {
            var ttl = record.Ttl > int.MaxValue ? 0 : record.Ttl;
            if (shape.Kind == AnswerKind.Negative && record.Type == DnsType.Soa)
            {
                ttl = Math.Min(ttl, BinaryPrimitives.ReadUInt32BigEndian(bytes[(record.End - 4)..]));
            }

            ttl = Math.Clamp(ttl, limits.Min, shape.Kind == AnswerKind.Negative ? Math.Max(limits.Min, limits.MaxNegative) : limits.Max);
            BinaryPrimitives.WriteUInt32BigEndian(bytes[(record.RdataOffset - 6)..], ttl);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[(length + (index * 2))..], (ushort)(record.RdataOffset - 6));
            smallest = shape.Kind == AnswerKind.Failure ? smallest : Math.Min(smallest, ttl);
        }

        return smallest;
    }
}

/// <summary>Bounds of how long answers are kept, in seconds.</summary>
internal readonly record struct TtlLimits(uint Min, uint Max, uint MaxNegative, uint Failure)
{
    /// <summary>Those of the config.</summary>
    public static TtlLimits Of(DnsCacheOptions options) => new(
        (uint)options.MinTtl.TotalSeconds,
        (uint)options.MaxTtl.TotalSeconds,
        (uint)options.MaxNegativeTtl.TotalSeconds,
        (uint)options.FailureTtl.TotalSeconds);
}

using System.Buffers;
using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Forwarding.Upstreams;
using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Forwarding;

/// <summary>A question that is on its way to upstreams, and the clients that wait for its answer.</summary>
internal sealed class Flight
{
    /// <summary>A flight without clients.</summary>
    public Flight(in QuestionKey key, UpstreamGroup group, CachedAnswer? ended, IpAddress? client)
    {
        Client = client;
        Question = key.Question.ToArray();
        Bits = key.Bits;
        Hash = key.Hash;
        Group = group;
        Ended = ended;
    }

    /// <summary>Who asked first; null when only the cache did.</summary>
    public IpAddress? Client { get; }

    /// <summary>Name, type and class.</summary>
    public byte[] Question { get; }

    /// <summary>DO and CD.</summary>
    public QuestionBits Bits { get; }

    /// <summary>The key's hash.</summary>
    public ulong Hash { get; }

    /// <summary>Who is asked.</summary>
    public UpstreamGroup Group { get; }

    /// <summary>An earlier answer, which may be given when no new one can be had; null for none.</summary>
    public CachedAnswer? Ended { get; }

    /// <summary>Who waits; under the table's lock only.</summary>
    internal List<Waiter> Waiters { get; private set; } = [];

    /// <summary>Next in the table's bucket; under its lock only.</summary>
    internal Flight? Next;

    /// <summary>The clients so far; later ones wait anew. Under the table's lock only.</summary>
    internal List<Waiter> TakeWaiters()
    {
        var waiters = Waiters;
        Waiters = [];
        return waiters;
    }
}

/// <summary>A client that waits: a copy of its query, and where the answer goes.</summary>
internal readonly record struct Waiter(byte[] Query, IpAddress Client, DnsTransport Transport, IReplyTo ReplyTo)
{
    /// <summary>Takes a query along.</summary>
    public static Waiter Of(in DnsQuery query, IReplyTo replyTo) => new(query.Message.ToArray(), query.Client, query.Transport, replyTo);

    /// <summary>Gives it an answer, as its query wants it.</summary>
    /// <param name="answer">To the same question.</param>
    /// <param name="now">In milliseconds.</param>
    /// <param name="error">Told to a client that knows EDNS.</param>
    public void Reply(CachedAnswer answer, long now, ExtendedError error)
    {
        // As much as our OPT record with its extended error takes.
        const int OptBytes = 32;
        if (DnsQuery.Read(Query, Client, Transport, out var query) != QueryFault.None)
        {
            return;
        }

        var limit = Math.Min(query.ResponseLimit, answer.Message.Length + OptBytes);
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(limit, Edns.PlainUdpSize));
        try
        {
            var length = AnswerWriter.Write(answer, query, buffer.AsSpan(0, limit), now, error);
            ReplyTo.Reply(buffer.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

using Kn.Dns.Wire;

namespace Kn.Dns;

/// <summary>Answers names outside the cluster zone. Called on the threads that serve: must not block, and must not allocate when the
/// answer is in the cache.</summary>
internal interface IForwarder
{
    /// <summary>Writes the answer when the cache has it.</summary>
    /// <param name="query">A query that could be read, of class IN or another, of any type but a transfer's.</param>
    /// <param name="response">As long as the client may be sent; a longer answer is cut and sets TC. Not the query's buffer.</param>
    /// <returns>Bytes written; 0 when it is not in the cache.</returns>
    int AnswerFromCache(in DnsQuery query, Span<byte> response);

    /// <summary>Takes the query along (a copy of it: its buffer is used again after the call) and answers through
    /// <paramref name="client"/> later, once, on any thread; or at once, with SERVFAIL, when too many wait.</summary>
    void Forward(in DnsQuery query, IReplyTo client);
}

/// <summary>Where the answer to a forwarded query goes. Thread-safe, called at most once, does not block long and does not throw: a client
/// that is gone is no fault.</summary>
internal interface IReplyTo
{
    /// <summary>Sends the whole message, with the client's own id and question; a copy is made where it cannot be sent at once.</summary>
    void Reply(ReadOnlySpan<byte> response);
}

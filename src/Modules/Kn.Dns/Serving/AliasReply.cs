using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Serving;

/// <summary>Takes the answer for an alias' target, and gives the client the answer to its own question.</summary>
internal sealed class AliasReply : IReplyTo
{
    private readonly byte[] _query;
    private readonly byte[] _aliases;
    private readonly IpAddress _client;
    private readonly DnsTransport _transport;
    private readonly IReplyTo _next;

    /// <summary>Keeps what the answer is made of.</summary>
    /// <param name="query">The client's query.</param>
    /// <param name="aliases">The zone's response to it.</param>
    /// <param name="next">The way back to the client.</param>
    public AliasReply(in DnsQuery query, ReadOnlySpan<byte> aliases, IReplyTo next)
    {
        _query = query.Message.ToArray();
        _aliases = aliases.ToArray();
        _client = query.Client;
        _transport = query.Transport;
        _next = next;
    }

    /// <inheritdoc/>
    public void Reply(ReadOnlySpan<byte> response)
    {
        DnsQuery.Read(_query, _client, _transport, out var query);
        var answer = new byte[query.ResponseLimit];
        _next.Reply(answer.AsSpan(0, AliasAnswer.Join(query, _aliases, response, answer)));
    }
}

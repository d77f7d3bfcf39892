using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Primitives;

namespace Kn.Dns.Serving;

/// <summary>Answers a query, however it came: who may ask, then the hosts of the config, the cluster zone, the forwarder. Thread-safe;
/// allocates nothing unless a query has to wait for an upstream or is logged.</summary>
internal sealed class QueryHandler(ZoneResponder zone, StaticHosts hosts, IForwarder forwarder, ClientRules clients, QueryLog log)
{
    /// <summary>Handles one query.</summary>
    /// <param name="message">The query.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="transport">How it came.</param>
    /// <param name="response">Gets the answer; another buffer than the message's, of <see cref="Edns.OurUdpSize"/> bytes at least.</param>
    /// <param name="state">The thread's.</param>
    /// <param name="replies">Makes the way back when the answer has to wait.</param>
    /// <param name="slot">What <paramref name="replies"/> is given.</param>
    /// <returns>Bytes of the answer; 0 when there is none, or none yet.</returns>
    public int Handle(ReadOnlySpan<byte> message, in IpAddress client, DnsTransport transport, Span<byte> response, ServingState state, IReplySource replies, int slot)
    {
        var fault = DnsQuery.Read(message, client, transport, out var query);
        if (fault == QueryFault.NotAQuery)
        {
            state.Counters.Count(ServingEvent.Silent);
            return 0;
        }

        if (!clients.Allows(client))
        {
            state.Counters.Count(ServingEvent.Stranger);
            return Refuse(query, response, state, DnsRcode.Refused);
        }

        if (!state.Limiter.TryTake(client, state.Now) && !clients.IsOwn(client))
        {
            state.Counters.Count(ServingEvent.Limited);
            return 0;
        }

        if (fault != QueryFault.None)
        {
            state.Counters.Count(ServingEvent.Malformed);
            return Refuse(query, response, state, ErrorResponse.RcodeOf(fault));
        }

        state.Counters.CountQuery(query.Type);
        return Answer(query, response[..Math.Min(response.Length, query.ResponseLimit)], state, replies, slot);
    }

    private int Answer(in DnsQuery query, Span<byte> response, ServingState state, IReplySource replies, int slot)
    {
        if (query.Class != DnsClass.In)
        {
            return Refuse(query, response, state, DnsRcode.Refused);
        }

        var length = hosts.Answer(query, response);
        if (length > 0)
        {
            return Done(query, response[..length], state, ServingEvent.Host, AnswerRule.None);
        }

        var answer = zone.Answer(query, response, ref state.Random);
        if (answer.Remaining is { } alias)
        {
            return FollowAlias(query, alias, response, answer.Length, state, replies, slot);
        }

        if (answer.Length > 0)
        {
            return Done(query, response[..answer.Length], state, ServingEvent.Cluster, answer.Rule);
        }

        if (query.Type is DnsType.Axfr or DnsType.Ixfr)
        {
            return Refuse(query, response, state, DnsRcode.Refused);
        }

        length = forwarder.AnswerFromCache(query, response);
        if (length > 0)
        {
            return Done(query, response[..length], state, ServingEvent.Cached, AnswerRule.None);
        }

        state.Counters.Count(ServingEvent.Forwarded);
        forwarder.Forward(query, log.Follow(query, state, replies.ReplyTo(slot)));
        return 0;
    }

    /// <summary>The zone knows where a name leads; what is there is the forwarder's to say.</summary>
    private int FollowAlias(in DnsQuery query, AliasPiece alias, Span<byte> response, int partLength, ServingState state, IReplySource replies, int slot)
    {
        var target = alias.Target.AsSpan();
        var asked = query.Ask(target, state.Question);
        var scratch = state.Scratch.AsSpan(0, response.Length);
        var length = forwarder.AnswerFromCache(asked, scratch);
        if (length == 0)
        {
            state.Counters.Count(ServingEvent.Forwarded);
            forwarder.Forward(asked, new AliasReply(query, response[..partLength], log.Follow(query, state, replies.ReplyTo(slot))));
            return 0;
        }

        response[..partLength].CopyTo(state.Aliases);
        length = AliasAnswer.Join(query, state.Aliases.AsSpan(0, partLength), scratch[..length], response);
        return Done(query, response[..length], state, ServingEvent.Cached, AnswerRule.Alias);
    }

    private static int Refuse(in DnsQuery query, Span<byte> response, ServingState state, DnsRcode rcode)
    {
        state.Counters.CountResponse(rcode);
        return ErrorResponse.Write(query, response, rcode);
    }

    private int Done(in DnsQuery query, ReadOnlySpan<byte> response, ServingState state, ServingEvent source, AnswerRule rule)
    {
        var header = DnsHeader.Read(response);
        state.Counters.Count(source);
        state.Counters.CountResponse(header.Rcode);
        if (header.IsTruncated)
        {
            state.Counters.Count(ServingEvent.Truncated);
        }

        log.Sample(query, header.Rcode, rule, state);
        return response.Length;
    }
}

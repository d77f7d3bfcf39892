using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Primitives;

namespace Kn.Dns.Serving;

/// <summary>Answers a query, however it came: who may ask, then the hosts of the config, the cluster zone, the forwarder. Thread-safe;
/// allocates nothing unless a query has to wait for an upstream or is logged.</summary>
internal sealed class QueryHandler(ZoneResponder zone, StaticHosts hosts, IForwarder forwarder, ClientRules clients, QueryLog log, Autopath? autopath = null)
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
            return Refuse(query, response, state, clients.AreKnown ? DnsRcode.Refused : DnsRcode.ServerFailure);
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

    /// <summary>Brings near what the answers to a batch of queries are made of.</summary>
    /// <param name="places">What <see cref="ZoneResponder.PlaceOf"/> said of each.</param>
    /// <param name="state">The thread's.</param>
    public void ReadAhead(ReadOnlySpan<ulong> places, ServingState state) => state.ReadAhead += zone.ReadAhead(places);

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
            length = answer.Rule == AnswerRule.NoName && autopath is not null ? Walk(query, autopath, response, answer.Length, state, replies, slot) : answer.Length;
            return length > 0 ? Done(query, response[..length], state, ServingEvent.Cluster, answer.Rule) : 0;
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
        var asked = query.Ask(alias.Target.AsSpan(), state.Question);
        var length = Follow(query, asked, partLength, response, state, replies, slot);
        return length > 0 ? Done(query, response[..length], state, ServingEvent.Cached, AnswerRule.Alias) : 0;
    }

    /// <summary>Puts what the forwarder says of another name behind the aliases that the response holds; 0 when it comes later.</summary>
    private int Follow(in DnsQuery query, in DnsQuery asked, int partLength, Span<byte> response, ServingState state, IReplySource replies, int slot)
    {
        var scratch = state.Scratch.AsSpan(0, response.Length);
        var length = forwarder.AnswerFromCache(asked, scratch);
        if (length == 0)
        {
            state.Counters.Count(ServingEvent.Forwarded);
            forwarder.Forward(asked, new AliasReply(query, response[..partLength], log.Follow(query, state, replies.ReplyTo(slot))));
            return 0;
        }

        response[..partLength].CopyTo(state.Aliases);
        return AliasAnswer.Join(query, state.Aliases.AsSpan(0, partLength), scratch[..length], response);
    }

    /// <summary>The name does not exist: perhaps the next of the client's search path does.</summary>
    private int Walk(in DnsQuery query, Autopath path, Span<byte> response, int noLength, ServingState state, IReplySource replies, int slot)
    {
        var part = path.PartOf(query);
        Span<byte> name = stackalloc byte[DnsName.MaxLength];
        for (var step = 0; step < Autopath.Steps && !part.IsEmpty; step++)
        {
            var length = path.Write(part, step, name);
            if (length == 0)
            {
                break;
            }

            var asked = query.Ask(name[..length], state.Question);
            var found = zone.Answer(asked, state.Scratch.AsSpan(0, response.Length), ref state.Random);
            if (found.Rule is AnswerRule.NoName or AnswerRule.EmptyNonTerminal)
            {
                continue;
            }

            var alias = AliasAnswer.Write(query, name[..length], response);
            if (found.Remaining is null && found.Length > 0)
            {
                response[..alias].CopyTo(state.Aliases);
                return AliasAnswer.Join(query, state.Aliases.AsSpan(0, alias), state.Scratch.AsSpan(0, found.Length), response);
            }

            // An alias that leads out of the zone takes more than one look: the client comes to it by itself.
            return found.Length == 0 ? Follow(query, asked, alias, response, state, replies, slot) : zone.Answer(query, response, ref state.Random).Length;
        }

        return noLength;
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

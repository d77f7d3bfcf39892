using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Hosting.Metrics;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Dns.Serving;

/// <summary>Logs one of so many queries, and follows those whose answer comes later.</summary>
/// <param name="logger">Where to.</param>
/// <param name="every">One of how many; 0 for none.</param>
/// <param name="time">The clock.</param>
/// <param name="seconds">How long answers took.</param>
/// <param name="late">What became of answers that came later; any thread counts here.</param>
internal sealed class QueryLog(ILogger logger, uint every, TimeProvider time, Histogram seconds, LateCounters late)
{
    /// <summary>A query was answered at once.</summary>
    public void Sample(in DnsQuery query, DnsRcode rcode, AnswerRule rule, ServingState state)
    {
        if (every != 0 && state.UntilLogged-- == 0)
        {
            state.UntilLogged = every - 1;
            DnsLog.Query(logger, query.Client, DnsName.ToText(query.Name), query.Type, ResponseCodes.Names[ResponseCodes.IndexOf(rcode)], rule);
        }
    }

    /// <summary>A query waits for its answer.</summary>
    public IReplyTo Follow(in DnsQuery query, ServingState state, IReplyTo client)
    {
        var isLogged = every != 0 && state.UntilLogged-- == 0;
        state.UntilLogged = isLogged ? every - 1 : state.UntilLogged;
        return new LateReply(this, client, state.StartedAt, isLogged ? DnsName.ToText(query.Name) : null, query.Client, query.Type);
    }

    private void Answered(LateReply reply, ReadOnlySpan<byte> response)
    {
        var rcode = response.Length < DnsHeader.Size ? DnsRcode.ServerFailure : DnsHeader.Read(response).Rcode;
        seconds.Observe(time.GetElapsedTime(reply.StartedAt));
        late.Count(rcode);
        if (reply.Name is { } name)
        {
            DnsLog.Query(logger, reply.Client, name, reply.Type, ResponseCodes.Names[ResponseCodes.IndexOf(rcode)], AnswerRule.None);
        }
    }

    private sealed class LateReply(QueryLog log, IReplyTo client, long startedAt, string? name, IpAddress address, DnsType type) : IReplyTo
    {
        public long StartedAt => startedAt;

        public string? Name => name;

        public IpAddress Client => address;

        public DnsType Type => type;

        public void Reply(ReadOnlySpan<byte> response)
        {
            client.Reply(response);
            log.Answered(this, response);
        }
    }
}

/// <summary>Counts answers that came later. Thread-safe.</summary>
internal sealed class LateCounters
{
    private readonly long[] _rcodes = new long[ResponseCodes.Count];

    /// <summary>One was given.</summary>
    public void Count(DnsRcode rcode) => Interlocked.Increment(ref _rcodes[ResponseCodes.IndexOf(rcode)]);

    /// <summary>How many, by the place in <see cref="ResponseCodes.Names"/>.</summary>
    public long Responses(int index) => Interlocked.Read(ref _rcodes[index]);
}

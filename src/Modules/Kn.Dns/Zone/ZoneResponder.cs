using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>Answers from the zone. Thread-safe; allocates nothing.</summary>
internal sealed class ZoneResponder(ZoneSettings settings, ZoneRecords records, ClusterDnsAddresses servers)
{
    /// <summary>Aliases of aliases end somewhere, or nowhere: then with what there is (RFC 1034 §3.6.2).</summary>
    private const int MaxAliases = 8;

    private readonly ZoneFinder _finder = new(settings, records);
    private readonly ZoneWriter _writer = new(settings, records, servers);

    /// <summary>Answers a query of class IN.</summary>
    /// <param name="query">The query.</param>
    /// <param name="response">As long as the client may be sent; not the query's buffer.</param>
    /// <param name="random">State of the caller's random numbers: which endpoint comes first.</param>
    public ZoneAnswer Answer(in DnsQuery query, Span<byte> response, ref uint random)
    {
        var name = new ZoneName(query.Name, settings.Apex, settings.ApexLabels);
        if (!name.IsWithin)
        {
            return ReverseName.TryParse(query.Name, out var address) ? AnswerReverse(query, address, response) : default;
        }

        var writer = new ResponseWriter(response, query);
        writer.Set(DnsFlags.RecursionAvailable);
        if (!records.IsComplete)
        {
            return new ZoneAnswer(writer.Finish(DnsRcode.ServerFailure), DnsRcode.ServerFailure, AnswerRule.NotSynced);
        }

        if (query.Type is DnsType.Axfr or DnsType.Ixfr)
        {
            return new ZoneAnswer(writer.Finish(DnsRcode.Refused), DnsRcode.Refused, AnswerRule.Transfer);
        }

        writer.Set(DnsFlags.Authoritative);
        var finding = _finder.Find(name);
        return finding.Rule == AnswerRule.Alias && query.Type is not (DnsType.Cname or DnsType.Any)
            ? FollowAlias(query, ref writer, finding, ref random)
            : Finish(query, ref writer, query.Name, finding, ref random);
    }

    /// <summary>The hash under which the zone would know the Service that a query asks for; any number where it asks for something else.</summary>
    /// <param name="message">What came, whatever it is.</param>
    public static ulong PlaceOf(ReadOnlySpan<byte> message)
    {
        // The name and the namespace are the first two labels of nearly every query: 3web7default3svc…
        var second = message.Length > DnsHeader.Size ? DnsHeader.Size + message[DnsHeader.Size] + 1 : message.Length;
        var end = second < message.Length ? second + message[second] + 1 : message.Length;
        return end < message.Length ? DnsName.Hash(message[DnsHeader.Size..end]) : 0;
    }

    /// <summary>Brings near what the answers to a batch of queries are made of.</summary>
    /// <param name="places">What <see cref="PlaceOf"/> said of each.</param>
    /// <returns>A number that says nothing.</returns>
    public int ReadAhead(ReadOnlySpan<ulong> places) => records.ReadAhead(places);

    /// <summary>What a name is, for those who want to know how an answer came about.</summary>
    public Finding Explain(ReadOnlySpan<byte> name)
    {
        var parts = new ZoneName(name, settings.Apex, settings.ApexLabels);
        return parts.IsWithin ? _finder.Find(parts) : ReverseName.TryParse(name, out var address) ? _finder.Find(address) : default;
    }

    private ZoneAnswer Finish(in DnsQuery query, ref ResponseWriter writer, scoped ReadOnlySpan<byte> owner, scoped Finding finding, ref uint random)
    {
        var rcode = finding.Rule == AnswerRule.NoName ? DnsRcode.NameError : DnsRcode.NoError;
        var before = writer.Answers;
        if (rcode == DnsRcode.NoError && !_writer.TryWrite(ref writer, owner, query.Type, finding, ref random))
        {
            // What fits stays: clients that never ask by TCP are served by a part of the addresses.
            writer.Set(DnsFlags.Truncated);
        }
        else if (writer.Answers == before)
        {
            _writer.WriteNegativeSoa(ref writer);
        }

        return new ZoneAnswer(writer.Finish(rcode), rcode, finding.Rule);
    }

    /// <summary>Names in the zone that an alias leads to are answered at once; the rcode is that of the last (RFC 6604 §3).</summary>
    private ZoneAnswer FollowAlias(in DnsQuery query, ref ResponseWriter writer, scoped Finding finding, ref uint random)
    {
        var owner = query.Name;
        for (var aliases = 0; aliases < MaxAliases && finding.Piece is AliasPiece alias; aliases++)
        {
            var target = alias.Target.AsSpan();
            if (!writer.TryWriteName(DnsSection.Answer, owner, DnsType.Cname, settings.Ttl, target))
            {
                writer.Set(DnsFlags.Truncated);
                break;
            }

            var name = new ZoneName(target, settings.Apex, settings.ApexLabels);
            if (!name.IsWithin)
            {
                return new ZoneAnswer(writer.Finish(DnsRcode.NoError), DnsRcode.NoError, AnswerRule.Alias) { Remaining = alias };
            }

            owner = target;
            finding = _finder.Find(name);
            if (finding.Piece is not AliasPiece)
            {
                var end = Finish(query, ref writer, owner, finding, ref random);
                return new ZoneAnswer(end.Length, end.Rcode, AnswerRule.Alias);
            }
        }

        return new ZoneAnswer(writer.Finish(DnsRcode.NoError), DnsRcode.NoError, AnswerRule.Alias);
    }

    private ZoneAnswer AnswerReverse(in DnsQuery query, IpAddress address, Span<byte> response)
    {
        var isComplete = records.IsComplete;
        var finding = isComplete ? _finder.Find(address) : default;
        if (isComplete && finding.Piece is null)
        {
            return default;
        }

        var writer = new ResponseWriter(response, query);
        writer.Set(DnsFlags.RecursionAvailable);
        if (!isComplete)
        {
            return new ZoneAnswer(writer.Finish(DnsRcode.ServerFailure), DnsRcode.ServerFailure, AnswerRule.NotSynced);
        }

        writer.Set(DnsFlags.Authoritative);
        if (!_writer.TryWritePointers(ref writer, query.Type, address))
        {
            writer.Set(DnsFlags.Truncated);
        }
        else if (writer.Answers == 0)
        {
            _writer.WriteReverseSoa(ref writer, ReverseName.ApexOf(address.Family));
        }

        return new ZoneAnswer(writer.Finish(DnsRcode.NoError), DnsRcode.NoError, AnswerRule.Reverse);
    }
}

using Kn.Dns.Wire;

namespace Kn.Dns.Serving;

/// <summary>Puts an alias of the zone and what its target's servers say together to one answer.</summary>
internal static class AliasAnswer
{
    /// <summary>Seconds that an alias made for a search path may be kept: as long as the cluster's other answers at their default.</summary>
    private const uint PathTtl = 5;

    /// <summary>Writes a response that says only that the name asked for is an alias.</summary>
    public static int Write(in DnsQuery query, scoped ReadOnlySpan<byte> target, Span<byte> response)
    {
        var writer = new ResponseWriter(response, query);
        writer.Set(DnsFlags.RecursionAvailable);
        writer.TryWriteName(DnsSection.Answer, query.Name, DnsType.Cname, PathTtl, target);
        return writer.Finish(DnsRcode.NoError);
    }

    /// <summary>Writes the aliases, then the other response's records; its rcode is the answer's (RFC 6604 §3).</summary>
    /// <param name="query">The client's query.</param>
    /// <param name="aliases">The zone's response; may not be the destination's memory.</param>
    /// <param name="other">The response to the question for the target.</param>
    /// <param name="response">Gets the answer: as long as the client may be sent.</param>
    /// <returns>Its length.</returns>
    public static int Join(in DnsQuery query, ReadOnlySpan<byte> aliases, ReadOnlySpan<byte> other, Span<byte> response)
    {
        var writer = new ResponseWriter(response, query);
        writer.Set(DnsFlags.RecursionAvailable);
        if (other.Length < DnsHeader.Size || !RecordCopy.TryCopy(aliases, DnsSection.Answer, ref writer) || !RecordCopy.TryCopy(other, DnsSection.Answer, ref writer))
        {
            writer.Set(DnsFlags.Truncated);
            return writer.Finish(DnsRcode.NoError);
        }

        var header = DnsHeader.Read(other);
        writer.Set(header.Flags & DnsFlags.Truncated);
        RecordCopy.TryCopy(other, DnsSection.Authority, ref writer);
        return writer.Finish(header.Rcode);
    }
}

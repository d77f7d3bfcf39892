using Kn.Dns.Wire;

namespace Kn.Dns.Serving;

/// <summary>Puts an alias of the zone and what its target's servers say together to one answer.</summary>
internal static class AliasAnswer
{
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

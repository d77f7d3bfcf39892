using Kn.Dns.Wire;

namespace Kn.Dns.Serving;

/// <summary>Stands where there is no forwarder: names outside the cluster are refused.</summary>
internal sealed class UnansweredForwarder : IForwarder
{
    /// <inheritdoc/>
    public int AnswerFromCache(in DnsQuery query, Span<byte> response) => ErrorResponse.Write(query, response, DnsRcode.Refused);

    /// <inheritdoc/>
    public void Forward(in DnsQuery query, IReplyTo client)
    {
        var response = new byte[Edns.PlainUdpSize];
        client.Reply(response.AsSpan(0, ErrorResponse.Write(query, response, DnsRcode.Refused)));
    }
}

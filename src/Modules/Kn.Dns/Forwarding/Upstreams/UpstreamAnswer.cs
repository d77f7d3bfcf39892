using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>What an upstream gave for a query: a checked message, or the fault of what it sent.</summary>
/// <param name="Message">The message; empty unless <paramref name="Fault"/> is None.</param>
/// <param name="Shape">What it is.</param>
/// <param name="Fault">Why there is none.</param>
internal sealed record UpstreamAnswer(byte[] Message, AnswerShape Shape, AnswerFault Fault)
{
    /// <summary>An answer that a client can use, even if it is "no such name".</summary>
    public bool IsUsable => Fault == AnswerFault.None && Shape.Rcode is DnsRcode.NoError or DnsRcode.NameError;

    /// <summary>The upstream does not know EDNS: the same question without may succeed (RFC 6891 §6.2.2, §7).</summary>
    public bool DislikesEdns => Fault == AnswerFault.None && !Shape.HasOpt && Shape.Rcode is DnsRcode.FormatError or DnsRcode.NotImplemented;

    /// <summary>What was sent cannot be used.</summary>
    public static UpstreamAnswer Faulty(AnswerFault fault) => new([], default, fault);
}

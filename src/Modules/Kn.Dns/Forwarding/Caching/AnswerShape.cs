using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Caching;

/// <summary>What of an upstream's answer is kept, and for how long; found while it is checked.</summary>
/// <param name="Length">Bytes up to the OPT record; what stands behind it is left out, with it.</param>
/// <param name="Additionals">Additional records before it.</param>
/// <param name="Records">Records in all three sections before it.</param>
/// <param name="Rcode">With the upper bits that the OPT record has.</param>
/// <param name="Kind">What it says.</param>
/// <param name="HasOpt">The upstream knows EDNS.</param>
internal readonly record struct AnswerShape(int Length, ushort Additionals, int Records, DnsRcode Rcode, AnswerKind Kind, bool HasOpt)
{
    /// <summary>What an answer says that is neither good nor "no such name": by RFC 9520 §2 one that a server cannot or will not give is a failure to
    /// resolve, whatever it calls it.</summary>
    public static AnswerKind KindOf(DnsRcode rcode) => rcode is DnsRcode.ServerFailure or DnsRcode.Refused or DnsRcode.FormatError or DnsRcode.NotImplemented
        ? AnswerKind.Failure
        : AnswerKind.Other;
}

/// <summary>What an answer says, as far as it matters to how long it is kept.</summary>
internal enum AnswerKind : byte
{
    /// <summary>Records of the type that was asked for.</summary>
    Positive,

    /// <summary>No such name, or none of that type, and a SOA that says for how long (RFC 2308 §2).</summary>
    Negative,

    /// <summary>The same without a SOA: not to be kept, or two servers that ask each other would keep it alive for ever (RFC 2308 §5). It is no failure
    /// to resolve either, which RFC 9520 would have kept.</summary>
    NegativeWithoutSoa,

    /// <summary>SERVFAIL, REFUSED, FORMERR or NOTIMP: kept for a short time (RFC 2308 §7.1, RFC 9520 §3.2).</summary>
    Failure,

    /// <summary>Anything else: passed on, never kept.</summary>
    Other,
}

using Kn.Dns.Wire;

namespace Kn.Dns.Serving;

/// <summary>The types that are counted by themselves; the others are "other", as CoreDNS has it: label values are a closed set.</summary>
internal static class QueryTypes
{
    private const DnsType Https = (DnsType)65;

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["other", "A", "AAAA", "CNAME", "MX", "NAPTR", "NS", "PTR", "SOA", "SRV", "TXT", "HTTPS", "ANY"];

    /// <summary>How many.</summary>
    public static int Count => 13;

    /// <summary>A type's place.</summary>
    public static int IndexOf(DnsType type) => type switch
    {
        DnsType.A => 1,
        DnsType.Aaaa => 2,
        DnsType.Cname => 3,
        DnsType.Mx => 4,
        DnsType.Naptr => 5,
        DnsType.Ns => 6,
        DnsType.Ptr => 7,
        DnsType.Soa => 8,
        DnsType.Srv => 9,
        DnsType.Txt => 10,
        Https => 11,
        DnsType.Any => 12,
        _ => 0,
    };
}

/// <summary>The response codes that are counted by themselves.</summary>
internal static class ResponseCodes
{
    /// <summary>Their names; the place is the code.</summary>
    public static IReadOnlyList<string> Names { get; } = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "BADVERS", "other"];

    /// <summary>How many.</summary>
    public static int Count => 8;

    /// <summary>A code's place.</summary>
    public static int IndexOf(DnsRcode rcode) => rcode switch
    {
        <= DnsRcode.Refused => (int)rcode,
        DnsRcode.BadVersion => 6,
        _ => 7,
    };
}

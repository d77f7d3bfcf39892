namespace Kn.Dns.Wire;

/// <summary>Types of records and of questions.</summary>
/// <remarks>IANA, "Domain Name System (DNS) Parameters"; RFC 1035 §3.2.2 unless another is named.</remarks>
internal enum DnsType : ushort
{
    /// <summary>No type; reserved (RFC 6895 §3.1).</summary>
    None = 0,

    /// <summary>An IPv4 address.</summary>
    A = 1,

    /// <summary>A name server of the zone.</summary>
    Ns = 2,

    /// <summary>The canonical name of an alias.</summary>
    Cname = 5,

    /// <summary>The start of a zone: who serves it, and how long "no such name" may be remembered.</summary>
    Soa = 6,

    /// <summary>A name that another leads to; reverse look-ups.</summary>
    Ptr = 12,

    /// <summary>What a host is made of; what RFC 8482 answers to ANY.</summary>
    Hinfo = 13,

    /// <summary>A mail server.</summary>
    Mx = 15,

    /// <summary>Text.</summary>
    Txt = 16,

    /// <summary>An IPv6 address (RFC 3596).</summary>
    Aaaa = 28,

    /// <summary>A server's name and port (RFC 2782).</summary>
    Srv = 33,

    /// <summary>A rewriting rule; its last field is a name (RFC 3403).</summary>
    Naptr = 35,

    /// <summary>An alias of a whole subtree (RFC 6672).</summary>
    Dname = 39,

    /// <summary>EDNS(0) (RFC 6891).</summary>
    Opt = 41,

    /// <summary>Transaction signature (RFC 8945).</summary>
    Tsig = 250,

    /// <summary>Question only: a zone's changes (RFC 1995).</summary>
    Ixfr = 251,

    /// <summary>Question only: a whole zone (RFC 5936).</summary>
    Axfr = 252,

    /// <summary>Question only: whatever there is (RFC 8482).</summary>
    Any = 255,
}

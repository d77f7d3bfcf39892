namespace Kn.Dns.Wire;

/// <summary>How a query fared (RFC 1035 §4.1.1, RFC 6895 §2.3).</summary>
internal enum DnsRcode : ushort
{
    /// <summary>NOERROR.</summary>
    NoError = 0,

    /// <summary>FORMERR: the query could not be read.</summary>
    FormatError = 1,

    /// <summary>SERVFAIL: the server cannot answer now.</summary>
    ServerFailure = 2,

    /// <summary>NXDOMAIN: there is no such name, of whatever type.</summary>
    NameError = 3,

    /// <summary>NOTIMP: a kind of query that the server does not know.</summary>
    NotImplemented = 4,

    /// <summary>REFUSED: the server does not want to.</summary>
    Refused = 5,

    /// <summary>BADVERS: an EDNS version that the server does not know (RFC 6891 §6.1.3); its upper bits are in the OPT record.</summary>
    BadVersion = 16,
}

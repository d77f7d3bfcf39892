namespace Kn.Dns.Wire;

/// <summary>The second field of a message's header, but for opcode and rcode, which share it (RFC 1035 §4.1.1, RFC 4035 §3.1.6).</summary>
[Flags]
internal enum DnsFlags : ushort
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>CD: the client checks signatures itself.</summary>
    CheckingDisabled = 0x0010,

    /// <summary>AD: signatures were checked.</summary>
    AuthenticData = 0x0020,

    /// <summary>RA: the server looks further than its own zones.</summary>
    RecursionAvailable = 0x0080,

    /// <summary>RD: the client wants it to.</summary>
    RecursionDesired = 0x0100,

    /// <summary>TC: there is more; ask by TCP.</summary>
    Truncated = 0x0200,

    /// <summary>AA: from the zone itself, not from a cache.</summary>
    Authoritative = 0x0400,

    /// <summary>QR: a response.</summary>
    Response = 0x8000,
}

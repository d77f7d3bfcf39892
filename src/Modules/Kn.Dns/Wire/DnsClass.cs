namespace Kn.Dns.Wire;

/// <summary>Classes of records and of questions (RFC 1035 §3.2.4).</summary>
internal enum DnsClass : ushort
{
    /// <summary>No class; reserved.</summary>
    None = 0,

    /// <summary>The Internet.</summary>
    In = 1,

    /// <summary>Chaosnet; where servers tell of themselves (RFC 4892).</summary>
    Ch = 3,

    /// <summary>Question only: any class.</summary>
    Any = 255,
}

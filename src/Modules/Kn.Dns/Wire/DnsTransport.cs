namespace Kn.Dns.Wire;

/// <summary>How a query came.</summary>
internal enum DnsTransport : byte
{
    /// <summary>In a datagram.</summary>
    Udp,

    /// <summary>In a stream, behind its length.</summary>
    Tcp,
}

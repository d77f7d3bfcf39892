using Kn.Primitives;

namespace Kn.Ingress.Proxying;

/// <summary>How a client came.</summary>
/// <param name="Address">Its address: the connection's, or what a trusted proxy says before it (PROXY protocol).</param>
/// <param name="Port">The port that it came to.</param>
internal readonly record struct Arrival(IpAddress Address, ushort Port)
{
    /// <summary>Whether it came by TLS.</summary>
    public bool IsTls { get; init; }

    /// <summary>Whether it was shown a certificate that is meant for the host that it asked for, and not the one for all others.</summary>
    public bool HasOwnCertificate { get; init; }
}

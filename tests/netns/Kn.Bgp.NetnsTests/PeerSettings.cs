namespace Kn.Bgp.NetnsTests;

/// <summary>What a real peer is configured with; the network is always 10.9.0.0/24 and fd09::/64, with Kn as .1 and the peer as .2.</summary>
internal sealed record PeerSettings
{
    public const uint KnAs = 4_200_000_002;

    public uint Asn { get; init; } = 4_200_000_001;

    public uint PeerAs { get; init; } = KnAs;

    public string LocalAddress { get; init; } = "10.9.0.2";

    public string PeerAddress { get; init; } = "10.9.0.1";

    public string NextHopV6 { get; init; } = "fd09::2";

    public string Password { get; init; } = "";

    public int HoldSeconds { get; init; } = 9;

    public bool GracefulRestart { get; init; }

    /// <summary>With <see cref="GracefulRestart"/>: it keeps others' routes, and does not ask for the same.</summary>
    public bool HelpsOnly { get; init; }

    public bool ExtendedNextHop { get; init; }

    public bool TtlSecurity { get; init; }

    /// <summary>Watch the path by BFD; gobgpd cannot.</summary>
    public bool Bfd { get; init; }

    /// <summary>Put what is learned into the kernel, equal paths together; gobgpd cannot.</summary>
    public bool Installs { get; init; }

    public string RouteV4 { get; init; } = "10.2.0.0/16";

    public string RouteV6 { get; init; } = "fd02::/32";

    public string RouterId { get; init; } = "10.9.0.2";

    /// <summary>More neighbours, with everything else as the first.</summary>
    public IReadOnlyList<string> MorePeers { get; init; } = [];

    /// <summary>All neighbours.</summary>
    public IEnumerable<string> AllPeers => MorePeers.Prepend(PeerAddress);
}

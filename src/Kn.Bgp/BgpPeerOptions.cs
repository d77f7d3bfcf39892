using Kn.Bgp.Policies;
using Kn.Primitives;

namespace Kn.Bgp;

/// <summary>A neighbour, and what is agreed with it. Equal by content, so that a change is found by comparing.</summary>
public sealed record BgpPeerOptions
{
    /// <summary>The port that BGP has (RFC 4271 §8.2.1).</summary>
    public const ushort DefaultPort = 179;

    /// <summary>Its address; a speaker has one session with an address.</summary>
    public required IpAddress Address { get; init; }

    /// <summary>Its AS; the speaker's own makes it an internal peer.</summary>
    public required uint PeerAs { get; init; }

    /// <summary>The link of an fe80::/10 address, by its index; 0 otherwise.</summary>
    public uint Scope { get; init; }

    /// <summary>What the operator calls it.</summary>
    public string Description { get; init; } = "";

    /// <summary>Its port.</summary>
    public ushort Port { get; init; } = DefaultPort;

    /// <summary>The AS that this peer is told; null for the speaker's.</summary>
    public uint? LocalAs { get; init; }

    /// <summary>The address that connections leave from, and the next hop of its family; null leaves it to the routes.</summary>
    public IpAddress? LocalAddress { get; init; }

    /// <summary>TCP MD5 signature (RFC 2385): a key of 1 to 80 bytes; empty without. Never logged.</summary>
    public string Password { get; init; } = "";

    /// <summary>Waits for the peer to connect.</summary>
    public bool IsPassive { get; init; }

    /// <summary>How many hops away a peer of another AS may be; 1 is the next router. Internal peers may be anywhere.</summary>
    public byte Hops { get; init; } = 1;

    /// <summary>Sends with TTL 255 and takes nothing that came over more than <see cref="Hops"/> (GTSM, RFC 5082).</summary>
    public bool TtlSecurity { get; init; }

    /// <summary>How long a silent peer is believed alive. RFC 4271 §10 suggests 90 s; zero: for ever.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Between two tries to connect. RFC 4271 §10 suggests 120 s; a node that boots shall not wait so long.</summary>
    public TimeSpan ConnectRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What is exchanged.</summary>
    public FamilySet Families { get; init; } = FamilySet.Both;

    /// <summary>IPv4 prefixes may have IPv6 next hops (RFC 8950).</summary>
    public bool ExtendedNextHop { get; init; }

    /// <summary>How long each side keeps the other's routes while it restarts (RFC 4724); zero: not at all. 120 s as FRR and BIRD.</summary>
    public TimeSpan RestartTime { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long a peer that is back has to tell its routes again. 360 s, as RFC 4724's selection deferral and FRR's stale time.</summary>
    public TimeSpan StaleTime { get; init; } = TimeSpan.FromSeconds(360);

    /// <summary>Routes are reflected to it and for it (RFC 4456); internal peers only.</summary>
    public bool IsRouteReflectorClient { get; init; }

    /// <summary>It is told this speaker as next hop of what was learned from other ASes; internal peers only.</summary>
    public bool NextHopSelf { get; init; }

    /// <summary>It is told the next hop as it was learned; peers of other ASes only.</summary>
    public bool KeepNextHop { get; init; }

    /// <summary>Next hop of IPv4 prefixes that leave from here; null takes the session's address.</summary>
    public IpAddress? NextHopV4 { get; init; }

    /// <summary>Next hop of IPv6 prefixes that leave from here; null takes the session's address.</summary>
    public IpAddress? NextHopV6 { get; init; }

    /// <summary>More prefixes of a family end the session (RFC 4271 §6.7); 0: any number.</summary>
    public uint MaxPrefixes { get; init; }

    /// <summary>How often the own AS may be in a path that is taken.</summary>
    public int AllowOwnAs { get; init; }

    /// <summary>A path of a peer of another AS must begin with that AS (RFC 4271 §6.3). Off for route servers.</summary>
    public bool EnforceFirstAs { get; init; } = true;

    /// <summary>Numbers for private use are taken out of what it is told (RFC 6996).</summary>
    public bool RemovePrivateAs { get; init; }

    /// <summary>What is taken of it; null: everything of an internal peer, nothing of others (RFC 8212).</summary>
    public RoutePolicy? Import { get; init; }

    /// <summary>What it is told; null: everything to an internal peer, this speaker's own routes to others (RFC 8212).</summary>
    public RoutePolicy? Export { get; init; }

    /// <summary>Configured, but switched off.</summary>
    public bool IsShutdown { get; init; }

    /// <summary>What the peer's operator reads when it is switched off (RFC 9003).</summary>
    public string ShutdownCommunication { get; init; } = "";
}

using Kn.Bgp.Sessions;
using Kn.Primitives;

namespace Kn.Bgp;

/// <summary>A peer, as it is now.</summary>
public sealed record PeerStatus
{
    /// <summary>What is configured.</summary>
    public required BgpPeerOptions Options { get; init; }

    /// <summary>How far the session is.</summary>
    public required SessionState State { get; init; }

    /// <summary>How long it has been established, or away.</summary>
    public required TimeSpan Since { get; init; }

    /// <summary>How often it has been established.</summary>
    public required int Sessions { get; init; }

    /// <summary>How the last session, or try of one, ended; null when none did.</summary>
    public SessionEnd? LastEnd { get; init; }

    /// <summary>What was agreed on; null without a session.</summary>
    public PeerAgreement? Agreement { get; init; }

    /// <summary>Families that are kept while it is away, or until it has told its routes again (RFC 4724).</summary>
    public FamilySet Stale { get; init; }

    /// <summary>IPv4 prefixes that it has told.</summary>
    public int ReceivedV4 { get; init; }

    /// <summary>IPv6 prefixes that it has told.</summary>
    public int ReceivedV6 { get; init; }

    /// <summary>IPv4 prefixes that it was told.</summary>
    public int ToldV4 { get; init; }

    /// <summary>IPv6 prefixes that it was told.</summary>
    public int ToldV6 { get; init; }

    /// <summary>Messages that came since the speaker started.</summary>
    public long MessagesIn { get; init; }

    /// <summary>Messages that it was sent, an UPDATE with many prefixes counted once a batch.</summary>
    public long MessagesOut { get; init; }

    /// <summary>UPDATEs that were taken as withdrawals because they were wrong (RFC 7606).</summary>
    public long FaultyUpdates { get; init; }
}

/// <summary>What both sides can do.</summary>
/// <param name="RouterId">The peer's identifier.</param>
/// <param name="LocalAddress">Our end of the session.</param>
/// <param name="HoldTime">Zero: neither minds silence.</param>
/// <param name="Families">What is exchanged.</param>
/// <param name="FourOctetAs">AS numbers have four bytes.</param>
/// <param name="ExtendedNextHop">IPv4 prefixes may have IPv6 next hops.</param>
/// <param name="RouteRefresh">Either side may ask for everything again.</param>
/// <param name="GracefulRestart">The families that we keep while the peer restarts.</param>
public sealed record PeerAgreement(
    IpAddress RouterId, IpAddress LocalAddress, TimeSpan HoldTime, FamilySet Families, bool FourOctetAs, bool ExtendedNextHop, bool RouteRefresh, FamilySet GracefulRestart);

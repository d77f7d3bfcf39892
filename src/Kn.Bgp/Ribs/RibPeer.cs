using Kn.Bgp.Policies;
using Kn.Primitives;

namespace Kn.Bgp.Ribs;

/// <summary>A peer, as the tables see it; one stands for this speaker's own routes.</summary>
internal sealed class RibPeer
{
    private readonly int[] _received = new int[2];

    internal RibPeer(ushort number, RibPeerOptions options)
    {
        Number = number;
        Options = options;
        OutV4 = new RibOut();
        OutV6 = new RibOut();
    }

    internal ushort Number { get; }

    internal RibPeerOptions Options { get; set; }

    /// <summary>The identifier of its OPEN.</summary>
    internal uint RouterId { get; set; }

    /// <summary>The families that are exchanged now; none without a session.</summary>
    internal FamilySet Families { get; set; }

    /// <summary>IPv6 next hops for IPv4 prefixes were agreed on.</summary>
    internal bool ExtendedNextHop { get; set; }

    /// <summary>Our end of the session.</summary>
    internal IpAddress SessionAddress { get; set; }

    /// <summary>The attributes that leave no room for a prefix in a message: routes that it could not be told.</summary>
    internal long Untellable { get; set; }

    private RibOut OutV4 { get; }

    private RibOut OutV6 { get; }

    internal RibOut Out(IpFamily family) => family == IpFamily.V4 ? OutV4 : OutV6;

    /// <summary>How many prefixes it has told, accepted or not.</summary>
    internal ref int Received(IpFamily family) => ref _received[family == IpFamily.V4 ? 0 : 1];
}

/// <summary>What the tables need of a peer's options.</summary>
internal sealed record RibPeerOptions
{
    public RouteKind Kind { get; init; }

    public IpAddress Address { get; init; }

    public uint LocalAs { get; init; }

    public bool IsClient { get; init; }

    public bool NextHopSelf { get; init; }

    public bool KeepNextHop { get; init; }

    public bool RemovePrivateAs { get; init; }

    public int AllowOwnAs { get; init; }

    public IpAddress? NextHopV4 { get; init; }

    public IpAddress? NextHopV6 { get; init; }

    public RoutePolicy Import { get; init; } = RoutePolicy.AcceptAll;

    public RoutePolicy Export { get; init; } = RoutePolicy.AcceptAll;
}

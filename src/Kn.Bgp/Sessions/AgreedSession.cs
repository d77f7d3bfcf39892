using Kn.Bgp.Messages;

namespace Kn.Bgp.Sessions;

/// <summary>What both sides can do.</summary>
internal sealed record AgreedSession
{
    public required OpenMessage Peer { get; init; }

    public required bool IsExternal { get; init; }

    /// <summary>Zero: neither side minds silence.</summary>
    public required TimeSpan HoldTime { get; init; }

    public required FamilySet Families { get; init; }

    public required bool FourOctetAs { get; init; }

    public required bool ExtendedNextHop { get; init; }

    public required bool ExtendedMessages { get; init; }

    public required bool RouteRefresh { get; init; }

    public required bool EnhancedRouteRefresh { get; init; }

    /// <summary>The families whose routes we keep while the peer restarts (RFC 4724 §4.2).</summary>
    public required FamilySet Kept { get; init; }

    /// <summary>Routes are kept after a NOTIFICATION, too (RFC 8538).</summary>
    public required bool KeepsAfterNotification { get; init; }

    public TimeSpan KeepaliveTime => HoldTime / 3;

    public int MaxMessageLength => ExtendedMessages ? MessageHeader.MaxExtendedLength : MessageHeader.MaxLength;

    /// <summary>The peer waits for an End-of-RIB (RFC 4724 §2).</summary>
    public bool WantsEndOfRib => Peer.Capabilities.GracefulRestart is not null;

    /// <summary>The peer says that its forwarding of that family outlived its restart.</summary>
    public FamilySet Preserved =>
        FamilySetExtensions.Of(Peer.Capabilities.GracefulRestart?.Families.Where(static family => family.IsForwardingPreserved).Select(static family => family.Family) ?? []);

    /// <summary>What two OPENs have in common; null, with what to answer, when that is nothing.</summary>
    internal static AgreedSession? Of(SessionOptions options, OpenMessage own, OpenMessage peer, out BgpError? error)
    {
        error = peer.Asn != options.PeerAs ? BgpError.BadPeerAs
            : peer.RouterId == options.RouterId && !options.IsExternal ? BgpError.BadIdentifier
            : null;
        var families = options.Families & FamiliesOf(peer.Capabilities);
        if (error is null && families == FamilySet.None)
        {
            var missed = options.Families.ToFamilies()[0];
            error = BgpError.UnsupportedCapability([(byte)CapabilityCode.Multiprotocol, 4, (byte)(missed.Afi >> 8), (byte)missed.Afi, 0, missed.Safi]);
        }

        return error is null ? Combine(options, own, peer, families) : null;
    }

    private static AgreedSession Combine(SessionOptions options, OpenMessage own, OpenMessage peer, FamilySet families)
    {
        var mine = own.Capabilities;
        var theirs = peer.Capabilities;
        var restarts = mine.GracefulRestart is not null && theirs.GracefulRestart is not null;
        return new AgreedSession
        {
            Peer = peer,
            IsExternal = options.IsExternal,
            HoldTime = TimeSpan.FromSeconds(Math.Min(own.HoldSeconds, peer.HoldSeconds)),
            Families = families,
            FourOctetAs = mine.FourOctetAs is not null && theirs.FourOctetAs is not null,
            ExtendedNextHop = mine.ExtendedNextHop.AsSpan().Contains(BgpFamily.V4Unicast) && theirs.ExtendedNextHop.AsSpan().Contains(BgpFamily.V4Unicast),
            ExtendedMessages = mine.ExtendedMessages && theirs.ExtendedMessages,
            RouteRefresh = mine.RouteRefresh && theirs.RouteRefresh,
            EnhancedRouteRefresh = mine.EnhancedRouteRefresh && theirs.EnhancedRouteRefresh,
            Kept = restarts ? families & FamilySetExtensions.Of(theirs.GracefulRestart!.Families.Select(static family => family.Family)) : FamilySet.None,
            KeepsAfterNotification = restarts && mine.GracefulRestart!.ForNotifications && theirs.GracefulRestart!.ForNotifications,
        };
    }

    /// <summary>RFC 4760 §8: without the capability, IPv4 unicast.</summary>
    private static FamilySet FamiliesOf(Capabilities capabilities) =>
        capabilities.Families.IsEmpty ? FamilySet.V4 : FamilySetExtensions.Of(capabilities.Families);
}

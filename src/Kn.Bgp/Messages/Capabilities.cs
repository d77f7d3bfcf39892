using Kn.Primitives;

namespace Kn.Bgp.Messages;

/// <summary>What a speaker says in its OPEN that it can do (RFC 5492).</summary>
internal sealed record Capabilities
{
    /// <summary>Families that it exchanges (RFC 4760); empty means IPv4 alone, without the capability.</summary>
    public ValueList<BgpFamily> Families { get; init; }

    /// <summary>Sends everything again when asked (RFC 2918).</summary>
    public bool RouteRefresh { get; init; }

    /// <summary>Marks beginning and end of that (RFC 7313).</summary>
    public bool EnhancedRouteRefresh { get; init; }

    /// <summary>Messages of up to 65,535 bytes (RFC 8654).</summary>
    public bool ExtendedMessages { get; init; }

    /// <summary>Its AS number in four bytes (RFC 6793); null when it speaks of two-byte numbers only.</summary>
    public uint? FourOctetAs { get; init; }

    /// <summary>Families whose next hops may be IPv6 addresses although the prefixes are IPv4 (RFC 8950).</summary>
    public ValueList<BgpFamily> ExtendedNextHop { get; init; }

    /// <summary>Keeps routes while a peer restarts, and asks the same of it (RFC 4724).</summary>
    public GracefulRestartCapability? GracefulRestart { get; init; }

    /// <summary>Codes of capabilities that are not known here.</summary>
    public ValueList<byte> Unknown { get; init; }
}

/// <summary>RFC 4724 §3.</summary>
/// <param name="IsRestarting">R bit: it has just restarted.</param>
/// <param name="ForNotifications">N bit: routes are kept after a NOTIFICATION, too (RFC 8538).</param>
/// <param name="RestartSeconds">How long it needs to come back, at most 4095.</param>
/// <param name="Families">What it keeps.</param>
internal sealed record GracefulRestartCapability(bool IsRestarting, bool ForNotifications, ushort RestartSeconds, ValueList<GracefulRestartFamily> Families);

/// <summary>A family that is kept over a restart.</summary>
/// <param name="Family">Which.</param>
/// <param name="IsForwardingPreserved">F bit: its forwarding went on while it restarted.</param>
internal readonly record struct GracefulRestartFamily(BgpFamily Family, bool IsForwardingPreserved);

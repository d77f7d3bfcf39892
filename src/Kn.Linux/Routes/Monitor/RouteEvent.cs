namespace Kn.Linux.Routes;

/// <summary>Something in a network namespace changed, or events about it were lost.</summary>
public abstract record RouteEvent
{
    private protected RouteEvent()
    {
    }

    /// <summary>The port id of the socket that asked for the change; 0 when the kernel did it of its own accord.</summary>
    public uint CausedBy { get; init; }

    /// <summary>True when the object is gone; false when it is new or changed.</summary>
    public bool IsRemoved { get; init; }
}

/// <summary>A link came, changed or went.</summary>
/// <param name="Link">As it is now, or was.</param>
public sealed record LinkEvent(Link Link) : RouteEvent;

/// <summary>An address came, changed or went.</summary>
/// <param name="Address">As it is now, or was.</param>
public sealed record AddressEvent(LinkAddress Address) : RouteEvent;

/// <summary>A route came, changed or went. The kernel is silent about IPv4 routes that go with their link.</summary>
/// <param name="Route">As it is now, or was.</param>
public sealed record RouteChangeEvent(Route Route) : RouteEvent;

/// <summary>A neighbour came, changed or went.</summary>
/// <param name="Neighbour">As it is now, or was.</param>
public sealed record NeighbourEvent(Neighbour Neighbour) : RouteEvent;

/// <summary>An FDB entry came, changed or went.</summary>
/// <param name="Entry">As it is now, or was.</param>
public sealed record FdbEvent(FdbEntry Entry) : RouteEvent;

/// <summary>A rule came or went.</summary>
/// <param name="Rule">As it is now, or was.</param>
public sealed record RuleEvent(Rule Rule) : RouteEvent;

/// <summary>A qdisc came, changed or went.</summary>
/// <param name="Qdisc">As it is now, or was.</param>
public sealed record QdiscEvent(Qdisc Qdisc) : RouteEvent;

/// <summary>Events are lost: read the state anew.</summary>
public sealed record EventsLost : RouteEvent;

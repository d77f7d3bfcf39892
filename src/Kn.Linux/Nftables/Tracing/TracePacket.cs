using Kn.Primitives;

namespace Kn.Linux.Nftables.Tracing;

/// <summary>A packet that exists on paper only, with all that a ruleset may ask about it.</summary>
/// <param name="Source">Source address.</param>
/// <param name="Destination">Destination address, of the same family.</param>
/// <param name="Protocol">Protocol above IP.</param>
/// <param name="SourcePort">Source port.</param>
/// <param name="DestinationPort">Destination port; for ICMP its high byte is the type.</param>
public sealed record TracePacket(IpAddress Source, IpAddress Destination, IpProtocol Protocol, ushort SourcePort, ushort DestinationPort)
{
    /// <summary>Number of the interface it came by; 0 for none.</summary>
    public uint InputInterface { get; init; }

    /// <summary>Number of the interface it leaves by; 0 for none.</summary>
    public uint OutputInterface { get; init; }

    /// <summary>Name of the interface it came by.</summary>
    public string InputInterfaceName { get; init; } = string.Empty;

    /// <summary>Name of the interface it leaves by.</summary>
    public string OutputInterfaceName { get; init; } = string.Empty;

    /// <summary>Group of the interface it came by.</summary>
    public uint InputGroup { get; init; }

    /// <summary>Group of the interface it leaves by.</summary>
    public uint OutputGroup { get; init; }

    /// <summary>Mark.</summary>
    public uint Mark { get; init; }

    /// <summary>Priority.</summary>
    public uint Priority { get; init; }

    /// <summary>State of its connection.</summary>
    public ConnectionState State { get; init; } = ConnectionState.New;

    /// <summary>What happened to its connection.</summary>
    public ConnectionStatus Status { get; init; }

    /// <summary>Mark of its connection.</summary>
    public uint CtMark { get; init; }

    /// <summary>Its direction in its connection.</summary>
    public ConnectionDirection Direction { get; init; }

    /// <summary>The connection's first packet before translation; null for this packet itself.</summary>
    public TraceTuple? Original { get; init; }

    /// <summary>What the connection's answers look like; null for this packet with both ends exchanged.</summary>
    public TraceTuple? Reply { get; init; }

    /// <summary>What the routing table says of an address; where null, loopback is local and everything else unicast.</summary>
    public Func<IpAddress, AddressKind>? AddressKindOf { get; init; }

    /// <summary>The family of its addresses.</summary>
    public IpFamily Family => Destination.Family;

    internal TraceTuple TupleOf(ConnectionDirection direction) => direction == ConnectionDirection.Original
        ? Original ?? new TraceTuple(Source, Destination, SourcePort, DestinationPort)
        : Reply ?? new TraceTuple(Destination, Source, DestinationPort, SourcePort);

    internal AddressKind KindOf(IpAddress address) => AddressKindOf?.Invoke(address) ?? (address.IsLoopback ? AddressKind.Local : AddressKind.Unicast);
}

/// <summary>The two ends of one direction of a connection.</summary>
public sealed record TraceTuple(IpAddress Source, IpAddress Destination, ushort SourcePort, ushort DestinationPort);

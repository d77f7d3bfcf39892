using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>What the zone says because of one object. Immutable: planned by the loop, read by the threads that answer.</summary>
internal abstract record ZonePiece
{
    /// <summary>The labels that stand before <c>svc</c> or <c>pod</c>, with small letters, as on the wire: <c>3web7default</c> for a Service,
    /// <c>7default</c> for a Namespace and for a Pod, which names nothing by itself.</summary>
    public required ValueList<byte> Labels { get; init; }

    /// <summary>Reads a byte of each piece of memory that an answer is made of, so that it is near when the answer is made.</summary>
    /// <returns>A sum that says nothing: without a use for them, the compiler would leave the reads out.</returns>
    public virtual int ReadAhead() => FirstOf(Labels);

    /// <summary>The first element's first bits; 0 where there is none.</summary>
    private protected static int FirstOf(ValueList<byte> bytes) => bytes.IsEmpty ? 0 : bytes.AsSpan()[0];
}

/// <summary>A namespace: names below it may exist.</summary>
internal sealed record NamespacePiece : ZonePiece;

/// <summary>A pod's addresses, for pod records that are verified.</summary>
internal sealed record PodPiece : ZonePiece
{
    /// <summary>Its addresses, one a family.</summary>
    public ValueList<IpAddress> Addresses { get; init; }
}

/// <summary>A Service of type ExternalName.</summary>
internal sealed record AliasPiece : ZonePiece
{
    /// <summary>spec.externalName as a name on the wire.</summary>
    public ValueList<byte> Target { get; init; }
}

/// <summary>A Service with addresses of its own.</summary>
internal sealed record ServicePiece : ZonePiece
{
    /// <summary>Its ClusterIPs.</summary>
    public ValueList<IpAddress> Addresses { get; init; }

    /// <summary>Its ports.</summary>
    public ValueList<PortRecord> Ports { get; init; }

    /// <inheritdoc/>
    public override int ReadAhead() => FirstOf(Labels) + (Addresses.IsEmpty ? 0 : (int)Addresses.AsSpan()[0].Number);
}

/// <summary>A headless Service with an endpoint at least.</summary>
internal sealed record HeadlessPiece : ZonePiece
{
    /// <summary>Ordered by address, IPv4 first; an address occurs more than once where it has several names or sets of ports.</summary>
    public ValueList<EndpointRecord> Endpoints { get; init; }

    /// <summary>How many of them have IPv4 addresses.</summary>
    public int V4Count { get; init; }

    /// <summary>The sets of ports that endpoints point to.</summary>
    public ValueList<ValueList<PortRecord>> PortSets { get; init; }

    /// <inheritdoc/>
    public override int ReadAhead() => FirstOf(Labels) + (Endpoints.IsEmpty ? 0 : (int)Endpoints.AsSpan()[0].Address.Number);
}

/// <summary>A port that SRV records tell of.</summary>
/// <param name="Name">Empty when it has none: then only a question for all ports finds it.</param>
/// <param name="Protocol"><c>_tcp</c>, <c>_udp</c> or <c>_sctp</c>.</param>
/// <param name="Number">The port.</param>
internal readonly record struct PortRecord(string Name, Kubernetes.Objects.IpProtocol Protocol, ushort Number);

/// <summary>An endpoint of a headless Service.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Hostname">The label that names it below the Service; null for one made of its address.</param>
/// <param name="PortSet">Which of the piece's sets of ports it has.</param>
/// <param name="IsRepeated">True when an endpoint before it has the same name and ports: one SRV record does for both.</param>
internal readonly record struct EndpointRecord(IpAddress Address, string? Hostname, ushort PortSet, bool IsRepeated);

using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>What the zone says because of one object. Immutable: planned by the loop, read by the threads that answer.</summary>
internal abstract record ZonePiece
{
    private readonly ValueList<byte> _labels;
    private readonly NearLabels _near;

    /// <summary>The labels that stand before <c>svc</c> or <c>pod</c>, with small letters, as on the wire: <c>3web7default</c> for a Service,
    /// <c>7default</c> for a Namespace and for a Pod, which names nothing by itself.</summary>
    public required ValueList<byte> Labels
    {
        get => _labels;
        init
        {
            _labels = value;
            _near = new NearLabels(value.AsSpan());
        }
    }

    /// <summary>True when it is the piece of these labels, in any case.</summary>
    public bool Matches(ReadOnlySpan<byte> labels) => _near.Match(labels, _labels);

    /// <summary>Reads a byte of each piece of memory that an answer is made of, so that it is near when the answer is made.</summary>
    /// <returns>A sum that says nothing: without a use for them, the compiler would leave the reads out.</returns>
    public virtual int ReadAhead() => _labels.IsEmpty ? 0 : 1;
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
    private readonly ValueList<IpAddress> _addresses;
    private readonly byte _v4Count;
    private readonly byte _v6Count;
    private readonly uint _firstV4;

    /// <summary>Its ClusterIPs.</summary>
    public ValueList<IpAddress> Addresses
    {
        get => _addresses;
        init
        {
            _addresses = value;
            _v4Count = (byte)Math.Min(byte.MaxValue, value.Count(static address => address.Family == IpFamily.V4));
            _v6Count = (byte)Math.Min(byte.MaxValue, value.Count - _v4Count);
            _firstV4 = _v4Count > 0 ? (uint)value.First(static address => address.Family == IpFamily.V4).Number : 0;
        }
    }

    /// <summary>Its ports.</summary>
    public ValueList<PortRecord> Ports { get; init; }

    /// <summary>Its only address of IPv4, kept within the piece (<see cref="NearLabels"/>); null when it has none or several.</summary>
    public uint? OnlyV4 => _v4Count == 1 ? _firstV4 : null;

    /// <summary>Whether it has addresses of a family.</summary>
    public bool Has(IpFamily family) => (family == IpFamily.V4 ? _v4Count : _v6Count) > 0;

    /// <inheritdoc/>
    public override int ReadAhead() => (int)_firstV4 + (_v6Count == 0 ? 0 : (int)_addresses.AsSpan()[0].Number);
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
    public override int ReadAhead() => Endpoints.IsEmpty ? 0 : (int)Endpoints.AsSpan()[0].Address.Number;
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

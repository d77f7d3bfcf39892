using Kn.Primitives;

namespace Kn.ServiceProxy.Planning;

/// <summary>A Service port in one family.</summary>
public sealed record FamilyPiece
{
    /// <summary>Where clients send to: ordered by address, protocol and port, each once, at least one.</summary>
    public required ValueList<VipPiece> Vips { get; init; }

    /// <summary>The endpoints of policy Cluster; null when no VIP leads to them.</summary>
    public EndpointList? Cluster { get; init; }

    /// <summary>The endpoints of policy Local; null when no VIP leads to them.</summary>
    public EndpointList? Local { get; init; }

    /// <summary>Those of the endpoints' addresses that are on this node, sorted: one of them may reach itself through the Service.</summary>
    public ValueList<IpAddress> OnNode { get; init; }
}

/// <summary>Endpoints that a choice is made of.</summary>
/// <param name="Endpoints">Sorted by address and port, each once.</param>
/// <param name="DropsWhenEmpty">What becomes of packets when there are none: dropped (other nodes have some) or refused.
/// False when there are endpoints.</param>
/// <param name="AffinitySeconds">How long a client keeps its endpoint after its last connection; 0 for no affinity and for an empty list.</param>
/// <param name="Method">How one is chosen; at random where there is no choice, and where affinity remembers the choice.</param>
public sealed record EndpointList(
    ValueList<EndpointAddress> Endpoints, bool DropsWhenEmpty = false, int AffinitySeconds = 0, BalanceMethod Method = BalanceMethod.Random);

/// <summary>Where an endpoint listens.</summary>
public readonly record struct EndpointAddress(IpAddress Address, ushort Port) : IComparable<EndpointAddress>
{
    /// <summary>Order by address, then port.</summary>
    public int CompareTo(EndpointAddress other)
    {
        var order = Address.CompareTo(other.Address);
        return order != 0 ? order : Port.CompareTo(other.Port);
    }

    /// <summary>'10.0.0.1:80' or '[fd00::1]:80'.</summary>
    public override string ToString() => Address.Family == IpFamily.V6 ? $"[{Address}]:{Port}" : $"{Address}:{Port}";

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator <(EndpointAddress left, EndpointAddress right) => left.CompareTo(right) < 0;

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator >(EndpointAddress left, EndpointAddress right) => left.CompareTo(right) > 0;

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator <=(EndpointAddress left, EndpointAddress right) => left.CompareTo(right) <= 0;

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator >=(EndpointAddress left, EndpointAddress right) => left.CompareTo(right) >= 0;
}

using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.ServiceProxy.Planning;

/// <summary>What a client sends to: a ClusterIP, a node's address with a NodePort, a load balancer's address or an external one.
/// They are all alike.</summary>
public readonly record struct Vip(IpAddress Address, IpProtocol Protocol, ushort Port) : IComparable<Vip>
{
    /// <summary>Order by address, protocol, port.</summary>
    public int CompareTo(Vip other)
    {
        var order = Address.CompareTo(other.Address);
        order = order != 0 ? order : Protocol.CompareTo(other.Protocol);
        return order != 0 ? order : Port.CompareTo(other.Port);
    }

    /// <summary>'10.96.0.1 . tcp . 443', as nft writes it.</summary>
    public override string ToString() => $"{Address} . {ProxyKey.ProtocolName(Protocol)} . {Port}";

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator <(Vip left, Vip right) => left.CompareTo(right) < 0;

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator >(Vip left, Vip right) => left.CompareTo(right) > 0;

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator <=(Vip left, Vip right) => left.CompareTo(right) <= 0;

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator >=(Vip left, Vip right) => left.CompareTo(right) >= 0;
}

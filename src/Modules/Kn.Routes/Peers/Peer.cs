using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.Pieces;

namespace Kn.Routes.Peers;

/// <summary>A node and how it is reached: all that its pieces depend on, but for its podCIDRs' right to be routed.</summary>
/// <param name="Node">Its object.</param>
/// <param name="IsSelf">Whether it is this node.</param>
/// <param name="Mac">Of its tunnel ends.</param>
/// <param name="V4">The way to its IPv4 pods.</param>
/// <param name="V6">The way to its IPv6 pods.</param>
internal sealed record Peer(Node Node, bool IsSelf, MacAddress Mac, Way V4, Way V6)
{
    public string Name => Node.Metadata.Name;

    /// <summary>Whether some podCIDR of it is not reached, though it should be.</summary>
    public bool IsUnreachable => !IsSelf && Ways().Any(static way => way is NoWay { Reason: not null });

    public Way To(IpFamily pods) => pods == IpFamily.V6 ? V6 : V4;

    /// <summary>Whether it has pods of a family, and they are reached by the tunnel of that outer family.</summary>
    public bool IsBehind(IpFamily outer, IpFamily pods) =>
        !IsSelf && To(pods) is VxlanWay way && way.Outer == outer && Node.PodCidrs.Any(prefix => prefix.Family == pods);

    /// <summary>The tunnel to it in outer packets of that family; null when it needs none.</summary>
    public VxlanWay? Tunnel(IpFamily outer) => IsSelf ? null : Ways().OfType<VxlanWay>().FirstOrDefault(way => way.Outer == outer);

    /// <summary>The names of everything that it may need here, routed or not.</summary>
    public IEnumerable<RoutesKey> Keys(RoutesOptions options) => Node.PodCidrs.SelectMany(prefix => (IsSelf ? AddressKeys(prefix) : TunnelKeys(prefix))
        .Append(RoutesKey.Route(prefix, IsSelf ? RoutesKey.UnassignedMetric : options.Metric)));

    /// <summary>Whether the eldest of two has a podCIDR that both claim: by creation time, then by name.</summary>
    public bool IsBefore(Peer other)
    {
        var byAge = Nullable.Compare(Node.Metadata.CreationTimestamp, other.Node.Metadata.CreationTimestamp);
        return byAge != 0 ? byAge < 0 : string.CompareOrdinal(Name, other.Name) < 0;
    }

    private IEnumerable<RoutesKey> TunnelKeys(IpPrefix prefix)
    {
        if (To(prefix.Family) is VxlanWay way)
        {
            yield return RoutesKey.Forward(way.Outer, Mac);
            yield return RoutesKey.Neighbour(way.Outer, Vtep.NextHop(prefix, Mac));
        }
    }

    private static IEnumerable<RoutesKey> AddressKeys(IpPrefix prefix) =>
        Vtep.LinkAddressOf(prefix) is { } address ? Vtep.Families.Select(outer => RoutesKey.Address(outer, address)) : [];

    private IEnumerable<Way> Ways() => Node.PodCidrs.Select(prefix => To(prefix.Family));
}

using Kn.Primitives;

namespace Kn.ServiceProxy.Planning;

/// <summary>A piece of the proxy's state; which kind of piece follows from the kind of its key.</summary>
public abstract record ProxyPiece;

/// <summary>The rules that are the same whatever the cluster holds.</summary>
/// <param name="Layout">Version of the layout together with the options that change rules; a table of another layout is replaced whole.</param>
public sealed record TablePiece(string Layout) : ProxyPiece;

/// <summary>What holds for the whole node. Prefixes are sorted, none inside another.</summary>
/// <param name="Inside">Addresses of pods: what comes from them is not masqueraded.</param>
/// <param name="Elsewhere">Those of them that are other nodes': they reach this node by another.</param>
/// <param name="ServiceCidrs">Prefixes of ClusterIPs: an unassigned address in them leads nowhere.</param>
/// <param name="Foreign">ClusterIPs of Services that another proxy serves, sorted: left alone.</param>
public sealed record NodePiece(ValueList<IpPrefix> Inside, ValueList<IpPrefix> Elsewhere, ValueList<IpPrefix> ServiceCidrs, ValueList<IpAddress> Foreign) : ProxyPiece;

/// <summary>One port of a Service: where clients send to and who answers, each family by itself.</summary>
/// <param name="V4">The IPv4 part; null when the port has no IPv4 address.</param>
/// <param name="V6">The IPv6 part; null when the port has no IPv6 address.</param>
public sealed record ServicePortPiece(FamilyPiece? V4, FamilyPiece? V6) : ProxyPiece
{
    /// <summary>The part of a family.</summary>
    public FamilyPiece? Of(IpFamily family) => family == IpFamily.V4 ? V4 : V6;

    internal IEnumerable<Vip> ToVips() =>
        (V4?.Vips ?? default).Concat((IEnumerable<VipPiece>)(V6?.Vips ?? default)).Select(static vip => vip.Vip);
}

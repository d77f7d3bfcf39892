using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.Pieces;

namespace Kn.Routes;

/// <summary>What the kernel last said of this node's links and addresses. Immutable.</summary>
/// <param name="Underlay">The part that routes are planned from.</param>
/// <param name="Tunnels">The indexes of our own links.</param>
/// <param name="Addresses">Every address that is not link-local: an event about another one is news.</param>
internal sealed record KernelNetwork(Underlay Underlay, TunnelLinks Tunnels, IReadOnlySet<(int LinkIndex, IpAddress Address, byte Length)> Addresses)
{
    public static KernelNetwork None { get; } = new(Underlay.None, default, new HashSet<(int, IpAddress, byte)>());

    /// <summary>From what was read; the underlay of before is kept when it is the same, so that it can be recognised.</summary>
    public static KernelNetwork Of(IReadOnlyList<Link> links, IReadOnlyList<LinkAddress> addresses, Underlay before)
    {
        var underlay = Underlay.Of(links, addresses);
        return new KernelNetwork(
            underlay == before ? before : underlay,
            TunnelLinks.Of(links),
            addresses.Where(static address => !address.Address.IsLinkLocal).Select(NameOf).ToHashSet());
    }

    /// <summary>Whether an address event says something new.</summary>
    public bool IsNews(LinkAddress address, bool isRemoved) =>
        !address.Address.IsLinkLocal && Addresses.Contains(NameOf(address)) == isRemoved;

    /// <summary>Whether a link event may change the underlay: the link has addresses, and is up where it was down or the other way round, or has
    /// another MTU.</summary>
    public bool IsNews(Link link, bool isRemoved)
    {
        foreach (var known in Underlay.Links)
        {
            if (known.Index == link.Index)
            {
                return isRemoved || !Underlay.IsUsable(link) || link.Mtu != known.Mtu;
            }
        }

        return !isRemoved && Underlay.IsUsable(link) && Addresses.Any(address => address.LinkIndex == link.Index);
    }

    private static (int, IpAddress, byte) NameOf(LinkAddress address) => (address.LinkIndex, address.Address, address.PrefixLength);
}

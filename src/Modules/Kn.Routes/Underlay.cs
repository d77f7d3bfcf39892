using Kn.Hosting;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes;

/// <summary>This node's own network as its kernel has it: addresses, links, and the segments that it is on. Immutable; equal when they are the same.</summary>
/// <param name="Subnets">The prefixes that are on a link, the longest first: whoever has an address of one is reached without a router.</param>
/// <param name="Addresses">Every address that is not link-local, of loopback too, where routers like to have theirs.</param>
/// <param name="Links">The links with these addresses; Kn's own and pods' do not count, nor does one that is down.</param>
public sealed record Underlay(ValueList<ConnectedSubnet> Subnets, ValueList<UnderlayAddress> Addresses, ValueList<UnderlayLink> Links)
{
    /// <summary>The MTU of Ethernet, for a node none of whose links is known.</summary>
    public const uint FallbackMtu = 1500;

    private const string OwnLinkPrefix = "kn-";

    /// <summary>A node that nothing is connected to, or whose links were not read yet.</summary>
    public static Underlay None { get; } = new(default, default, default);

    /// <summary>From what the kernel says.</summary>
    public static Underlay Of(IEnumerable<Link> links, IEnumerable<LinkAddress> addresses)
    {
        var usable = links.Where(IsUsable).ToDictionary(static link => link.Index);
        var known = addresses
            .Where(address => usable.ContainsKey(address.LinkIndex) && !address.Address.IsLinkLocal && !address.Address.IsLoopback)
            .OrderBy(static address => address.LinkIndex)
            .ThenBy(static address => address.Address)
            .ToList();
        var subnets = known
            .Where(address => address.PrefixLength < address.Address.BitCount && !IsLoopback(usable[address.LinkIndex]))
            .Select(static address => new ConnectedSubnet(new IpPrefix(address.Address, address.PrefixLength), address.LinkIndex))
            .Distinct()
            .OrderByDescending(static subnet => subnet.Prefix.Length)
            .ThenBy(static subnet => subnet.Prefix)
            .ThenBy(static subnet => subnet.LinkIndex);
        var carrying = known.Select(static address => address.LinkIndex).Distinct().Where(index => !IsLoopback(usable[index]));
        return new Underlay(
            subnets.ToValueList(),
            known.Select(static address => new UnderlayAddress(address.Address, address.LinkIndex)).Distinct().ToValueList(),
            carrying.Select(index => new UnderlayLink(index, usable[index].Mtu)).ToValueList());
    }

    /// <summary>Whether a link can be one of the underlay's.</summary>
    public static bool IsUsable(Link link) => link.IsUp && IsForeign(link);

    /// <summary>Whether a link is neither a pod's nor one that Kn made.</summary>
    public static bool IsForeign(Link link) =>
        !NodeResources.IsLocalPodGroup(link.Group) && !link.Name.StartsWith(OwnLinkPrefix, StringComparison.Ordinal);

    /// <summary>Only the segments that carry one of these addresses: where nodes know each other by their InternalIPs, other networks that a
    /// node happens to be on (storage, virtual machines) are no way to them. All of them when none does.</summary>
    public Underlay Carrying(ValueList<IpAddress> own)
    {
        var links = Addresses.Where(address => own.Contains(address.Address)).Select(static address => address.LinkIndex).ToHashSet();
        var carrying = Subnets.Where(subnet => links.Contains(subnet.LinkIndex)).ToValueList();
        return carrying.IsEmpty ? this : this with { Subnets = carrying };
    }

    /// <summary>The link by which an address is reached without a router; null when there is none.</summary>
    public int? LinkTo(IpAddress address)
    {
        foreach (var subnet in Subnets)
        {
            if (subnet.Prefix.Contains(address))
            {
                return subnet.LinkIndex;
            }
        }

        return null;
    }

    /// <summary>Whether an address is this node's.</summary>
    public bool Has(IpAddress address) => FindLinkOf(address) is not null;

    /// <summary>MTU for tunnels from an address: of the link that has it; the smallest of all where that is loopback, or nobody has it.</summary>
    public uint MtuFrom(IpAddress? address)
    {
        var index = address is { } known ? FindLinkOf(known) : null;
        var own = Links.Where(link => link.Index == index).Select(static link => (uint?)link.Mtu).FirstOrDefault();
        return own ?? Links.Select(static link => (uint?)link.Mtu).Min() ?? FallbackMtu;
    }

    private static bool IsLoopback(Link link) => (link.Flags & LinkFlags.Loopback) != 0;

    private int? FindLinkOf(IpAddress wanted)
    {
        foreach (var address in Addresses)
        {
            if (address.Address == wanted)
            {
                return address.LinkIndex;
            }
        }

        return null;
    }
}

/// <summary>A prefix that is on a link.</summary>
public readonly record struct ConnectedSubnet(IpPrefix Prefix, int LinkIndex);

/// <summary>An address of this node.</summary>
public readonly record struct UnderlayAddress(IpAddress Address, int LinkIndex);

/// <summary>A link that is up.</summary>
public readonly record struct UnderlayLink(int Index, uint Mtu);

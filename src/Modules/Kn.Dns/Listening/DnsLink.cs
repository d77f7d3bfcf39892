using Kn.Hosting;
using Kn.Linux;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Dns.Listening;

/// <summary>The link <c>kn-dns</c>, which nothing is sent on: it only carries addresses, so that whoever looks sees whose they are.</summary>
/// <remarks>A dummy where the kernel has one (CONFIG_DUMMY), a bridge without ports elsewhere: both hold addresses alike, and a packet to an
/// address of the node never passes the link that has it.</remarks>
/// <param name="routes">The node's.</param>
/// <param name="onBridge">Is told when there are no dummies.</param>
internal sealed class DnsLink(RouteSocket routes, Action onBridge)
{
    /// <summary>The addresses that it carries; empty while there is no such link, or it is down.</summary>
    public IReadOnlyList<IpAddress> Read() => routes.FindLink(NodeResources.DnsLink) is { IsUp: true } link
        ? [.. routes.ReadAddresses(link.Index).Where(static address => IsHost(address)).Select(static address => address.Address)]
        : [];

    /// <summary>Gives it an address; makes it when it is not there.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Ensure(IpAddress address)
    {
        var link = routes.FindLink(NodeResources.DnsLink) ?? Make();
        if (!link.IsUp)
        {
            routes.ChangeLink(link.Index, new LinkChange { Up = true });
        }

        routes.EnsureAddress(link.Index, AddressOf(address));
    }

    /// <summary>Takes an address away; with the last one the link goes.</summary>
    public void Remove(IpAddress address)
    {
        if (routes.FindLink(NodeResources.DnsLink) is not { } link)
        {
            return;
        }

        routes.RemoveAddress(link.Index, AddressOf(address));
        if (Read().Count == 0)
        {
            routes.RemoveLink(link.Index);
        }
    }

    /// <summary>Removes the link with all addresses.</summary>
    public void Remove()
    {
        if (routes.FindLink(NodeResources.DnsLink) is { } link)
        {
            routes.RemoveLink(link.Index);
        }
    }

    private Link Make()
    {
        if (!routes.TryCreateDummy(NodeResources.DnsLink))
        {
            onBridge();
            routes.CreateBridge(new BridgeLink { Name = NodeResources.DnsLink, Up = true, MulticastSnooping = false });
        }

        return routes.FindLink(NodeResources.DnsLink) ?? throw new LinuxException($"find link {NodeResources.DnsLink}", Errno.ENODEV);
    }

    /// <summary>The link's own fe80:: address is the kernel's.</summary>
    private static bool IsHost(LinkAddress address) => address.PrefixLength == address.Address.BitCount;

    private static LinkAddress AddressOf(IpAddress address) => new()
    {
        Address = address,
        PrefixLength = (byte)address.BitCount,
        Flags = address.Family == IpFamily.V6 ? LinkAddressFlags.NoDuplicateDetection : LinkAddressFlags.None,
    };
}

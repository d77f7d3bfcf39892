using Kn.Hosting;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.LoadBalancer.Announcing;

/// <summary>The links that an address is announced on.</summary>
/// <param name="links">Of the node.</param>
/// <param name="addresses">Of the links.</param>
/// <param name="nodeAddresses">The node's InternalIPs.</param>
internal sealed class LinkChoice(IReadOnlyList<Link> links, IReadOnlyList<LinkAddress> addresses, ValueList<IpAddress> nodeAddresses)
{
    private const string OwnLinkPrefix = "kn-";

    /// <summary>The links that the config names; else the one whose prefix has the address; else the one that has the node's own address, of the same
    /// family if possible.</summary>
    public IReadOnlyList<Link> For(IpAddress address, ValueList<string> configured)
    {
        if (!configured.IsEmpty)
        {
            return [.. links.Where(link => link is { IsUp: true, Mac: not null } && configured.Contains(link.Name))];
        }

        var connected = addresses
            .Where(own => own.Address.Family == address.Family && own.PrefixLength < own.Address.BitCount && Prefix(own).Contains(address))
            .OrderByDescending(static own => (int)own.PrefixLength)
            .ThenBy(static own => own.LinkIndex);
        var same = addresses.Where(own => own.Address.Family == address.Family && nodeAddresses.Contains(own.Address));
        var other = addresses.Where(own => nodeAddresses.Contains(own.Address));
        var found = connected.Concat(same).Concat(other).Select(own => Usable(own.LinkIndex)).FirstOrDefault(static link => link is not null);
        return found is null ? [] : [found];
    }

    /// <summary>The link's own link-local address, or any other: the source of what is told about IPv6 addresses.</summary>
    public IpAddress? SourceOn(int linkIndex)
    {
        IpAddress? source = null;
        foreach (var own in addresses)
        {
            if (own.LinkIndex == linkIndex && own.Address.Family == IpFamily.V6 && (source is null || own.Address.IsLinkLocal))
            {
                source = own.Address;
            }
        }

        return source;
    }

    /// <summary>Whether a link is the node's own: neither a pod's nor one that Kn made.</summary>
    public static bool IsOwn(Link link) => !NodeResources.IsLocalPodGroup(link.Group) && !link.Name.StartsWith(OwnLinkPrefix, StringComparison.Ordinal);

    private Link? Usable(int index) => links.FirstOrDefault(link =>
        link.Index == index && link is { IsUp: true, Mac: not null } && (link.Flags & LinkFlags.Loopback) == 0 && IsOwn(link));

    private static IpPrefix Prefix(LinkAddress own) => new(own.Address, own.PrefixLength);
}

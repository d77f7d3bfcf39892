using Kn.Cni.Bandwidth;
using Kn.Cni.Ipam;
using Kn.Cni.PortMaps;
using Kn.Cni.Protocol;
using Kn.Hosting;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>What the kernel is told to attach a pod: one veth, addresses without a subnet, routes over link-local gateways. Pure.</summary>
/// <remarks>
/// <code>
///   pod                                       node
///   eth0  10.244.1.5/32, fd00:1::5/128        kn3f…  no address
///   default via 169.254.1.1, fe80::1  ──veth── 10.244.1.5 and fd00:1::5 are routed to it
/// </code>
/// Both ends have permanent neighbour entries for the other, so neither ARP nor NDP is ever spoken: no first packet waits, no pod
/// can claim another's address, and there is no broadcast domain.
/// </remarks>
public sealed class AttachmentPlan
{
    private static readonly MacAddress HostMac = MacAddress.Parse(PodLinkNames.HostMac);
    private readonly MacAddress _podMac;

    /// <summary>The plan for an attachment.</summary>
    public AttachmentPlan(Attachment attachment, uint mtu)
    {
        Attachment = attachment;
        Mtu = mtu;
        HostLink = PodLinkNames.HostLink(attachment.Key);
        _podMac = attachment.Mac ?? MacAddress.Parse(PodLinkNames.PodMac(attachment.Key));
    }

    /// <summary>What is attached.</summary>
    public Attachment Attachment { get; }

    /// <summary>MTU of both ends.</summary>
    public uint Mtu { get; }

    /// <summary>Name of the end on the node.</summary>
    public string HostLink { get; }

    /// <summary>Whether processes of the node reach the pod from 127.0.0.1, by a hostPort.</summary>
    public bool TakesFromLoopback => PortMapElements.UsesLoopback(Attachment.Addresses, Attachment.PortMappings);

    /// <summary>The pod's gateway of a family.</summary>
    public static IpAddress GatewayOf(IpFamily family) =>
        IpAddress.Parse(family == IpFamily.V6 ? NodeResources.PodGatewayV6 : NodeResources.PodGatewayV4);

    /// <summary>The veth, its other end made in the pod's namespace at once.</summary>
    public VethLink Link(NetworkNamespace pod) => new()
    {
        Name = HostLink,
        Mtu = Mtu,
        Mac = HostMac,
        Group = NodeResources.PodLinkGroup,
        Up = true,
        Peer = new VethPeer
        {
            Name = Attachment.Key.InterfaceName,
            Mtu = Mtu,
            Mac = _podMac,
            NetworkNamespace = pod,
        },
    };

    /// <summary>Everything inside the pod, in order.</summary>
    /// <param name="linkIndex">The pod's end.</param>
    public IReadOnlyList<RouteChange> InPod(int linkIndex)
    {
        const int Loopback = 1;
        var changes = new List<RouteChange>
        {
            new ChangeLink(Loopback, new LinkChange { Up = true }),
        };
        if (Attachment.Bandwidth?.Egress is { } egress)
        {
            changes.Add(Shaping.Change(linkIndex, egress, Mtu));
        }

        changes.Add(new ChangeLink(linkIndex, new LinkChange { Up = true }));
        foreach (var address in Attachment.Addresses)
        {
            changes.Add(new EnsureAddress(linkIndex, PodAddress(address)));
            changes.Add(new EnsureNeighbour(PodNeighbour(address.Family, linkIndex)));
            changes.Add(new EnsureRoute(PodRoute(address.Family, linkIndex)));
        }

        return changes;
    }

    /// <summary>Everything on the node.</summary>
    /// <param name="linkIndex">The node's end.</param>
    public IReadOnlyList<RouteChange> OnHost(int linkIndex)
    {
        // The kernel ignores an alias that comes with a link's creation.
        var changes = new List<RouteChange>
        {
            new ChangeLink(linkIndex, new LinkChange { Alias = PodLinkNames.Alias(Attachment.Key, Attachment.Pod) }),
        };
        if (Attachment.Bandwidth?.Ingress is { } ingress)
        {
            changes.Add(Shaping.Change(linkIndex, ingress, Mtu));
        }

        foreach (var address in Attachment.Addresses)
        {
            changes.Add(new EnsureNeighbour(HostNeighbour(address, linkIndex)));
            changes.Add(new EnsureRoute(HostRoute(address, linkIndex)));
        }

        return changes;
    }

    /// <summary>What the node's end needs to be as <see cref="OnHost"/> made it.</summary>
    /// <param name="link">The node's end as it is.</param>
    /// <param name="routes">Routes of ours on the node.</param>
    /// <param name="neighbours">Neighbours that the node knows.</param>
    /// <param name="bucket">The limit that the link has, if any.</param>
    public IReadOnlyList<RouteChange> Repair(
        Link link,
        IReadOnlySet<(IpPrefix Destination, int LinkIndex)> routes,
        IReadOnlySet<(IpAddress Address, int LinkIndex, MacAddress? Mac)> neighbours,
        TokenBucket? bucket)
    {
        var changes = new List<RouteChange>();
        if (Attachment.Bandwidth?.Ingress is { } ingress && !Shaping.IsInPlace(ingress, link.Mtu, bucket))
        {
            changes.Add(Shaping.Change(link.Index, ingress, link.Mtu));
        }

        if (!link.IsUp)
        {
            changes.Add(new ChangeLink(link.Index, new LinkChange { Up = true }));
        }

        foreach (var address in Attachment.Addresses)
        {
            if (!neighbours.Contains((address, link.Index, _podMac)))
            {
                changes.Add(new EnsureNeighbour(HostNeighbour(address, link.Index)));
            }

            if (!routes.Contains((IpPrefix.Of(address), link.Index)))
            {
                changes.Add(new EnsureRoute(HostRoute(address, link.Index)));
            }
        }

        return changes;
    }

    /// <summary>The default route of a family inside the pod.</summary>
    public static Route PodRoute(IpFamily family, int linkIndex) => new()
    {
        Destination = new IpPrefix(IpAddress.Any(family), 0),
        Gateway = GatewayOf(family),
        LinkIndex = linkIndex,
        OnLink = family == IpFamily.V4,
        Protocol = NodeResources.RouteProtocol,
    };

    /// <summary>The gateway's hardware address inside the pod.</summary>
    public static Neighbour PodNeighbour(IpFamily family, int linkIndex) =>
        new() { Address = GatewayOf(family), LinkIndex = linkIndex, Mac = HostMac };

    /// <summary>The route to a pod's address on the node.</summary>
    public static Route HostRoute(IpAddress address, int linkIndex) => new()
    {
        Destination = IpPrefix.Of(address),
        LinkIndex = linkIndex,
        Scope = RouteScope.Link,
        Protocol = NodeResources.RouteProtocol,
    };

    /// <summary>The pod's hardware address on the node.</summary>
    public Neighbour HostNeighbour(IpAddress address, int linkIndex) =>
        new() { Address = address, LinkIndex = linkIndex, Mac = _podMac };

    /// <summary>The result of ADD.</summary>
    public CniResult Result(string namespacePath, CniDns? dns) => new()
    {
        Interfaces =
        [
            new CniInterface(HostLink, PodLinkNames.HostMac, Mtu),
            new CniInterface(Attachment.Key.InterfaceName, _podMac.ToString(), Mtu, namespacePath),
        ],
        Addresses = Attachment.Addresses
            .Select(static address => new CniAddress(address, (byte)address.BitCount, GatewayOf(address.Family), Interface: 1))
            .ToValueList(),
        Routes = Attachment.Addresses
            .Select(static address => new CniRoute(new IpPrefix(IpAddress.Any(address.Family), 0), GatewayOf(address.Family)))
            .ToValueList(),
        Dns = dns,
    };

    // Nobody else can have the address, so IPv6 need not look for a duplicate before it is used.
    private static LinkAddress PodAddress(IpAddress address) => new()
    {
        Address = address,
        PrefixLength = (byte)address.BitCount,
        Flags = address.Family == IpFamily.V6 ? LinkAddressFlags.NoDuplicateDetection : LinkAddressFlags.None,
    };
}

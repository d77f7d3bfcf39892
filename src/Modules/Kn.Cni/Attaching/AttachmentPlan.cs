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
public class AttachmentPlan
{
    private static readonly MacAddress HostMac = MacAddress.Parse(PodLinkNames.HostMac);

    /// <summary>The plan for an attachment.</summary>
    public AttachmentPlan(Attachment attachment, uint mtu)
        : this(attachment, mtu, LinkOwner.Agent)
    {
    }

    /// <summary>The plan for an attachment with links of another owner.</summary>
    public AttachmentPlan(Attachment attachment, uint mtu, LinkOwner owner)
    {
        Attachment = attachment;
        Mtu = mtu;
        Owner = owner;
        HostLink = PodLinkNames.HostLink(attachment.Key, owner.Prefix);
        PodMac = attachment.Mac ?? MacAddress.Parse(PodLinkNames.PodMac(attachment.Key));
        Routes = attachment.Addresses.Select(static address => new CniRoute(new IpPrefix(IpAddress.Any(address.Family), 0))).ToValueList();
    }

    /// <summary>What is attached.</summary>
    public Attachment Attachment { get; }

    /// <summary>MTU of both ends.</summary>
    public uint Mtu { get; }

    /// <summary>Whose marks links and routes carry.</summary>
    public LinkOwner Owner { get; }

    /// <summary>Name of the end on the node.</summary>
    public string HostLink { get; }

    /// <summary>Free text on the end on the node.</summary>
    public string Alias { get; init; } = "";

    /// <summary>Hardware address of the pod's end.</summary>
    public MacAddress PodMac { get; init; }

    /// <summary>Routes inside the pod; those without a gateway go by the pod's. Default: a default route of each family.</summary>
    public ValueList<CniRoute> Routes { get; init; }

    /// <summary>What the node itself sends to the pod from, one address a family; where there is none, the kernel chooses.</summary>
    public ValueList<IpAddress> Sources { get; init; }

    /// <summary>Whether the node's end has a part in routing; the port of a bridge has none.</summary>
    public virtual bool IsRouted => true;

    /// <summary>The node's link that routes to the pod: the link itself, or its bridge.</summary>
    public virtual string RoutingLink => HostLink;

    /// <summary>Whether processes of the node reach the pod from 127.0.0.1, by a hostPort.</summary>
    public bool TakesFromLoopback => PortMapElements.UsesLoopback(Attachment.Addresses, Attachment.PortMappings);

    /// <summary>The pod's gateway of a family.</summary>
    public static IpAddress GatewayOf(IpFamily family) =>
        IpAddress.Parse(family == IpFamily.V6 ? NodeResources.PodGatewayV6 : NodeResources.PodGatewayV4);

    /// <summary>The veth, its other end made in the pod's namespace at once.</summary>
    public virtual VethLink Link(NetworkNamespace pod) => new()
    {
        Name = HostLink,
        Mtu = Mtu,
        Mac = HostMac,
        Group = Owner.Group,
        Up = true,
        Peer = new VethPeer
        {
            Name = Attachment.Key.InterfaceName,
            Mtu = Mtu,
            Mac = PodMac,
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
            AddAddress(changes, address, linkIndex);
        }

        foreach (var route in Routes)
        {
            changes.Add(new EnsureRoute(RouteInPod(route, linkIndex)));
        }

        return changes;
    }

    /// <summary>Everything on the node.</summary>
    /// <param name="linkIndex">The node's end.</param>
    public virtual IReadOnlyList<RouteChange> OnHost(int linkIndex)
    {
        var changes = new List<RouteChange> { SetAlias(linkIndex) };
        foreach (var address in Attachment.Addresses)
        {
            changes.Add(new EnsureNeighbour(HostNeighbour(address, linkIndex)));
            changes.Add(new EnsureRoute(HostRoute(address, linkIndex) with { PreferredSource = SourceFor(address), Protocol = Owner.Protocol }));
        }

        return changes;
    }

    /// <summary>The limit of what the pod receives, at the node's end; nothing where there is none, or where it is in place.</summary>
    /// <param name="linkIndex">The node's end.</param>
    /// <param name="mtu">Its MTU.</param>
    /// <param name="present">The limit that it has.</param>
    public IEnumerable<RouteChange> LimitOnHost(int linkIndex, uint mtu, TokenBucket? present = null) =>
        Attachment.Bandwidth?.Ingress is { } ingress && !Shaping.IsInPlace(ingress, mtu, present) ? [Shaping.Change(linkIndex, ingress, mtu)] : [];

    /// <summary>What the node's end needs to be as <see cref="OnHost"/> made it.</summary>
    /// <param name="link">The node's end as it is.</param>
    /// <param name="routes">Routes of ours on the node, and the source that each prefers.</param>
    /// <param name="neighbours">Neighbours that the node knows.</param>
    public virtual IReadOnlyList<RouteChange> Repair(
        Link link, IReadOnlyDictionary<(IpPrefix Destination, int LinkIndex), IpAddress?> routes, IReadOnlySet<(IpAddress Address, int LinkIndex, MacAddress? Mac)> neighbours)
    {
        var changes = new List<RouteChange>();
        if (!link.IsUp)
        {
            changes.Add(new ChangeLink(link.Index, new LinkChange { Up = true }));
        }

        foreach (var address in Attachment.Addresses)
        {
            if (!neighbours.Contains((address, link.Index, PodMac)))
            {
                changes.Add(new EnsureNeighbour(HostNeighbour(address, link.Index)));
            }

            if (!routes.TryGetValue((IpPrefix.Of(address), link.Index), out var source) || (SourceFor(address) is { } wanted && source != wanted))
            {
                changes.Add(new EnsureRoute(HostRoute(address, link.Index) with { PreferredSource = SourceFor(address) }));
            }
        }

        return changes;
    }

    /// <summary>What is wrong with the node's end, which is there.</summary>
    public virtual IEnumerable<string> FindHostFaults(Link link, PodState host)
    {
        foreach (var address in Attachment.Addresses.AsEnumerable())
        {
            if (!host.Routes.Any(route => route.Destination == IpPrefix.Of(address) && route.LinkIndex == link.Index))
            {
                yield return $"the node's route to {address} is missing";
            }

            if (!host.HasNeighbour(address, PodMac))
            {
                yield return $"the node's neighbour entry of {address} is missing";
            }
        }
    }

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
        new() { Address = address, LinkIndex = linkIndex, Mac = PodMac };

    /// <summary>The result of ADD.</summary>
    public CniResult Result(string namespacePath, CniDns? dns) => new()
    {
        Interfaces =
        [
            .. HostInterfaces(),
            new CniInterface(Attachment.Key.InterfaceName, PodMac.ToString(), Mtu, namespacePath),
        ],
        Addresses = Attachment.Addresses
            .Select(address => new CniAddress(address, PrefixLengthOf(address), PodGateway(address.Family), HostInterfaces().Count()))
            .ToValueList(),
        Routes = Routes.Select(route => route with { Gateway = GatewayOf(route) }).ToValueList(),
        Dns = dns,
    };

    /// <summary>The links on the node that the result names.</summary>
    protected virtual IEnumerable<CniInterface> HostInterfaces() => [new CniInterface(HostLink, PodLinkNames.HostMac, Mtu)];

    /// <summary>The gateway inside the pod; null where a family has none.</summary>
    protected virtual IpAddress? PodGateway(IpFamily family) => GatewayOf(family);

    /// <summary>Length of the mask of an address inside the pod.</summary>
    protected virtual byte PrefixLengthOf(IpAddress address) => (byte)address.BitCount;

    /// <summary>An address inside the pod, and what its use needs.</summary>
    protected virtual void AddAddress(ICollection<RouteChange> changes, IpAddress address, int linkIndex)
    {
        changes.Add(new EnsureAddress(linkIndex, PodAddress(address)));
        changes.Add(new EnsureNeighbour(PodNeighbour(address.Family, linkIndex)));
    }

    /// <summary>The address as the kernel gets it. Nobody else can have it, so IPv6 need not look for a duplicate before it is used.</summary>
    protected LinkAddress PodAddress(IpAddress address) => new()
    {
        Address = address,
        PrefixLength = PrefixLengthOf(address),
        Flags = address.Family == IpFamily.V6 ? LinkAddressFlags.NoDuplicateDetection : LinkAddressFlags.None,
    };

    private IpAddress? SourceFor(IpAddress address)
    {
        foreach (var source in Sources)
        {
            if (source.Family == address.Family)
            {
                return source;
            }
        }

        return null;
    }

    /// <summary>Names the link for whoever looks at it. The kernel ignores an alias that comes with a link's creation.</summary>
    protected ChangeLink SetAlias(int linkIndex) =>
        new(linkIndex, new LinkChange { Alias = Alias.Length > 0 ? Alias : PodLinkNames.Alias(Attachment.Key, Attachment.Pod) });

    private IpAddress? GatewayOf(CniRoute route) => route.Gateway ?? PodGateway(route.Destination.Family);

    /// <summary>A route as the pod's kernel gets it.</summary>
    internal Route RouteInPod(CniRoute route, int linkIndex) => new()
    {
        Destination = route.Destination,
        Gateway = GatewayOf(route),
        LinkIndex = linkIndex,
        // A pod's address has no subnet, so nothing says that IPv4's gateway is on the link.
        OnLink = IsRouted && route.Destination.Family == IpFamily.V4,
        Protocol = Owner.Protocol,
        Metric = route.Priority ?? 0,
        Mtu = route.Mtu,
        Table = route.Table is { } table ? (RouteTable)table : RouteTable.Main,
    };
}

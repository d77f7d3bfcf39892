using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>What the kernel is told to attach a pod to a bridge: its veth is a port, its addresses have a subnet. Pure.</summary>
/// <remarks>
/// <code>
///   pod                                            node
///   eth0  10.244.1.5/24, fd00:1::5/64              kn-bridge  10.244.1.1/24, fd00:1::1/64
///   default via 10.244.1.1, fd00:1::1   ──veth──     port kn3f…, hairpin
/// </code>
/// </remarks>
public sealed class BridgedPlan : AttachmentPlan
{
    private readonly BridgePort _port;

    /// <summary>The plan for an attachment.</summary>
    public BridgedPlan(Attachment attachment, uint mtu, LinkOwner owner, BridgePort port)
        : base(attachment, mtu, owner)
    {
        _port = port;
        PodMac = attachment.Mac ?? (attachment.Addresses.IsEmpty ? PodMac : PodLinkNames.PortMac(attachment.Addresses[0]));
    }

    /// <inheritdoc/>
    public override bool IsRouted => false;

    /// <inheritdoc/>
    public override string RoutingLink => _port.Bridge;

    /// <inheritdoc/>
    public override VethLink Link(NetworkNamespace pod) => base.Link(pod) with { Mac = null, Master = _port.BridgeIndex };

    /// <inheritdoc/>
    public override IReadOnlyList<RouteChange> OnHost(int linkIndex) =>
        [SetAlias(linkIndex), new ChangeLink(linkIndex, new LinkChange { Hairpin = _port.Hairpin }), .. Owner == LinkOwner.Agent ? Known(linkIndex) : []];

    /// <inheritdoc/>
    public override IReadOnlyList<RouteChange> Repair(
        Link link, IReadOnlyDictionary<(IpPrefix Destination, int LinkIndex), IpAddress?> routes, IReadOnlySet<(IpAddress Address, int LinkIndex, MacAddress? Mac)> neighbours)
    {
        var changes = new List<RouteChange>();
        if (!link.IsUp)
        {
            changes.Add(new ChangeLink(link.Index, new LinkChange { Up = true }));
        }

        if (link.Master != _port.BridgeIndex)
        {
            changes.Add(new ChangeLink(link.Index, new LinkChange { Master = _port.BridgeIndex }));
        }

        if (link.Master != _port.BridgeIndex || link.Hairpin != _port.Hairpin)
        {
            changes.Add(new ChangeLink(link.Index, new LinkChange { Hairpin = _port.Hairpin }));
        }

        if (Owner == LinkOwner.Agent && (link.Master != _port.BridgeIndex || !Attachment.Addresses.All(address => neighbours.Contains((address, _port.BridgeIndex, PodMac)))))
        {
            changes.AddRange(Known(link.Index));
        }

        return changes;
    }

    /// <inheritdoc/>
    public override IEnumerable<string> FindHostFaults(Link link, PodState host)
    {
        if (link.Master == 0 || link.Master != _port.BridgeIndex)
        {
            yield return $"the link {HostLink} is no port of the bridge {_port.Bridge}";
        }
        else if (link.Hairpin != _port.Hairpin)
        {
            yield return $"hairpin of the port {HostLink} is {(_port.Hairpin ? "off" : "on")}";
        }
    }

    /// <summary>What the bridge is told of the pod: it need not ask for it or learn it, and a start finds out by it whose port this is even
    /// when the journal is lost.</summary>
    private IEnumerable<RouteChange> Known(int linkIndex)
    {
        // "static" in bridge(8): a permanent one would be the bridge's own address.
        yield return new EnsureFdbEntry(new FdbEntry { Mac = PodMac, LinkIndex = linkIndex, Flags = NeighbourFlags.Master, State = NeighbourStates.NoArp });
        foreach (var address in Attachment.Addresses.AsEnumerable())
        {
            // Somebody without a bridge may have had the address before.
            yield return new RemoveNeighbour(NodeBridge.Proxy(address, _port.BridgeIndex));
            yield return new EnsureNeighbour(HostNeighbour(address, _port.BridgeIndex));
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<CniInterface> HostInterfaces() => [new CniInterface(_port.Bridge, _port.BridgeMac), new CniInterface(HostLink)];

    /// <inheritdoc/>
    protected override IpAddress? PodGateway(IpFamily family) =>
        _port.Subnets.FirstOrDefault(subnet => subnet.Prefix.Family == family && Attachment.Addresses.Any(subnet.Prefix.Contains)).Gateway;

    /// <inheritdoc/>
    protected override byte PrefixLengthOf(IpAddress address) =>
        _port.Subnets.Where(subnet => subnet.Prefix.Contains(address)).Select(static subnet => (byte?)subnet.Prefix.Length).FirstOrDefault() ?? (byte)address.BitCount;

    /// <inheritdoc/>
    protected override void AddAddress(ICollection<RouteChange> changes, IpAddress address, int linkIndex) =>
        changes.Add(new EnsureAddress(linkIndex, PodAddress(address)));
}

/// <summary>Where pods are plugged in.</summary>
/// <param name="Bridge">The bridge's name.</param>
/// <param name="BridgeIndex">The bridge.</param>
/// <param name="BridgeMac">The bridge's hardware address, for results.</param>
/// <param name="Subnets">The subnets on it, with the gateway in each.</param>
/// <param name="Hairpin">Whether a pod can reach itself over the bridge, as by a Service of which it is the endpoint.</param>
public sealed record BridgePort(string Bridge, int BridgeIndex, string BridgeMac, ValueList<PodSubnet> Subnets, bool Hairpin);

/// <summary>A subnet on a bridge.</summary>
/// <param name="Prefix">The subnet.</param>
/// <param name="Gateway">The gateway in it.</param>
public readonly record struct PodSubnet(IpPrefix Prefix, IpAddress? Gateway);

using System.Text.Json.Serialization;
using Kn.Hosting.Options;
using Kn.Primitives;
using Kn.Routes.Pieces;

namespace Kn.Routes.Bgp.Options;

/// <summary>BGP with routers and between nodes, config section <c>routes.bgp</c>.</summary>
public sealed record BgpOptions
{
    /// <summary>Speak BGP beside another mode of routes, as for Service addresses alone; mode bgp does so anyway. Default false: it needs
    /// somebody to speak with.</summary>
    public bool Enabled { get; init; }

    /// <summary>The nodes' AS. Default 64512, the first one for private use (RFC 6996), which kube-router and Calico have too. A Node's annotation
    /// node.asn says otherwise.</summary>
    public uint NodeAsn { get; init; } = 64512;

    /// <summary>The speaker's identifier, an IPv4 address that no other speaker has. Default none: the node's IPv4 InternalIP, or a number made of its
    /// name where it has none.</summary>
    public IpAddress? RouterId { get; init; }

    /// <summary>TCP port that nodes listen on. Default 179, BGP's (RFC 4271 §8.2.1).</summary>
    public ushort Port { get; init; } = Kn.Bgp.BgpPeerOptions.DefaultPort;

    /// <summary>Where peers may connect to; empty for nowhere, then this node connects to all of them. Default all addresses: who is no peer is
    /// hung up on before a byte is read.</summary>
    public ValueList<IpAddress> ListenAddresses { get; init; } = [IpAddress.Any(IpFamily.V4), IpAddress.Any(IpFamily.V6)];

    /// <summary>Section <c>nodeMesh</c>.</summary>
    public BgpMeshOptions NodeMesh { get; init; } = new();

    /// <summary>Section <c>routeReflector</c>.</summary>
    public BgpReflectorOptions RouteReflector { get; init; } = new();

    /// <summary>Routers to speak with, beside those of the Nodes' annotations.</summary>
    [JsonConverter(typeof(ValueListConverter<BgpNeighborOptions>))]
    public ValueList<BgpNeighborOptions> Peers { get; init; }

    /// <summary>Section <c>advertise</c>.</summary>
    public BgpAdvertiseOptions Advertise { get; init; } = new();

    /// <summary>How nodes on other segments are reached in mode bgp. Default subnet, as kube-router's overlay-type.</summary>
    public BgpOverlay Overlay { get; init; } = BgpOverlay.Subnet;

    /// <summary>Paths of equal worth that a prefix may have in the kernel. Default 16: a rack has fewer routers, and one path more costs every
    /// prefix memory.</summary>
    public int MaxPaths { get; init; } = 16;

    /// <summary>Learned prefixes that the kernel gets; more are left out, and counted. Default 100,000: a tenth of what the whole internet
    /// has, which a node has no use for.</summary>
    public int MaxRoutes { get; init; } = 100_000;

    /// <summary>Prefixes of a family that one peer may tell; more end the session (RFC 4271 §6.7). Default 0, any number; a peer may say otherwise.</summary>
    public uint MaxRoutesPerPeer { get; init; }

    /// <summary>Take default routes from peers. Default false: a peer's mistake would take all of the node's traffic.</summary>
    public bool AcceptDefaultRoute { get; init; }

    /// <summary>Metric of learned routes. Default 600: the administrator's routes win, and those that Kn makes by itself (<c>routes.metric</c>).</summary>
    public uint Metric { get; init; } = 600;

    /// <summary>Section <c>gracefulRestart</c>.</summary>
    public BgpRestartOptions GracefulRestart { get; init; } = new();

    /// <summary>Section <c>bfd</c>, for the peers that ask for it.</summary>
    public BgpBfdOptions Bfd { get; init; } = new();

    internal void Validate(OptionErrors errors, RoutesMode mode)
    {
        const string Prefix = "Bgp.";
        errors.Require(NodeAsn > 0, Prefix + nameof(NodeAsn), "must be from 1 to 4294967295");
        errors.Require(RouterId is null or { Family: IpFamily.V4, IsAny: false }, Prefix + nameof(RouterId), "must be an IPv4 address other than 0.0.0.0 (RFC 6286 §2.1)");
        errors.Require(Port > 0, Prefix + nameof(Port), "must be from 1 to 65535");
        errors.Require(MaxPaths is >= 1 and <= 128, Prefix + nameof(MaxPaths), "must be from 1 to 128");
        errors.Require(MaxRoutes > 0, Prefix + nameof(MaxRoutes), "must be at least 1");
        errors.Require(Metric is > 0 and < RoutesKey.UnassignedMetric, Prefix + nameof(Metric), $"must be from 1 to {RoutesKey.UnassignedMetric - 1}");
        NodeMesh.Validate(errors, Prefix + "NodeMesh.");
        Advertise.Validate(errors, Prefix + "Advertise.");
        GracefulRestart.Validate(errors, Prefix + "GracefulRestart.");
        Bfd.Validate(errors, Prefix + "Bfd.");
        RouteReflector.Validate(errors, Prefix + "RouteReflector.");
        errors.Require(
            mode != RoutesMode.Bgp || Advertise.PodCidrs, Prefix + "Advertise.PodCidrs", "must be true with routes.mode bgp: other nodes know the way to this one's pods from it");
        for (var index = 0; index < Peers.Count; index++)
        {
            Peers[index].Validate(errors, $"{Prefix}Peers[{index}].", this);
        }
    }
}

/// <summary>How nodes on other segments are reached.</summary>
public enum BgpOverlay
{
    /// <summary>By VXLAN where a router is between, which need not know of pods.</summary>
    Subnet,

    /// <summary>By VXLAN, all of them.</summary>
    Full,

    /// <summary>As the routers between say, which learn the podCIDRs by BGP.</summary>
    None,
}

using Kn.Hosting.Options;
using Kn.Routes.Bgp.Options;
using Kn.Routes.Pieces;

namespace Kn.Routes;

/// <summary>Routes between nodes, config section <c>routes</c>.</summary>
public sealed record RoutesOptions : IModuleOptions
{
    /// <summary>How other nodes' pods are reached. Default auto: it works on any underlay and costs nothing where all nodes share a segment.</summary>
    public RoutesMode Mode { get; init; } = RoutesMode.Auto;

    /// <summary>Metric of the routes to other nodes' podCIDRs. Default 512: an administrator's own route to the same prefix, usually
    /// without a metric, wins over Kn's.</summary>
    public uint Metric { get; init; } = 512;

    /// <summary>Send the packets of established TCP connections that are not translated past the network stack, by BPF. Default true: it is what makes the
    /// way through a node cost less than plain routing does, and every flow is judged by all rules again twenty times a second.</summary>
    public bool FastPath { get; init; } = true;

    /// <summary>Section <c>vxlan</c>: what all nodes of a cluster must have alike.</summary>
    public VxlanOptions Vxlan { get; init; } = new();

    /// <summary>Section <c>bgp</c>.</summary>
    public BgpOptions Bgp { get; init; } = new();

    /// <summary>Whether BGP is spoken.</summary>
    internal bool IsBgpOn => Bgp.Enabled || Mode == RoutesMode.Bgp;

    /// <summary>How packets reach other nodes' pods, whoever says what is where.</summary>
    internal RoutesMode Ways => Mode != RoutesMode.Bgp ? Mode : Bgp.Overlay switch
    {
        BgpOverlay.Subnet => RoutesMode.Auto,
        BgpOverlay.Full => RoutesMode.Vxlan,
        _ => RoutesMode.None,
    };

    /// <inheritdoc/>
    public void Validate(OptionErrors errors)
    {
        errors.Require(Metric is > 0 and < RoutesKey.UnassignedMetric, nameof(Metric), $"must be from 1 to {RoutesKey.UnassignedMetric - 1}");
        errors.Require(Vxlan.Vni is > 0 and < 1 << 24, "Vxlan.Vni", "must be from 1 to 16777215: it has 24 bits (RFC 7348 §5)");
        errors.Require(Vxlan.Port > 0, "Vxlan.Port", "must be from 1 to 65535");
        errors.Require(!IsBgpOn || Bgp.Metric != Metric, "Bgp.Metric", "must differ from routes.metric: the kernel tells routes to one prefix apart by it");
        Bgp.Validate(errors, Mode);
    }
}

/// <summary>How other nodes' pods are reached.</summary>
public enum RoutesMode
{
    /// <summary>Directly where the node is on a segment of this one's, by VXLAN where a router is between.</summary>
    Auto,

    /// <summary>Directly; a node that is on no segment of this one's is a problem.</summary>
    Direct,

    /// <summary>By VXLAN, all of them: for segments whose switches refuse pods' addresses.</summary>
    Vxlan,

    /// <summary>As BGP tells: nodes tell each other, and routers, which pods they have (section <c>bgp</c>).</summary>
    Bgp,

    /// <summary>Not at all: somebody else routes.</summary>
    None,
}

/// <summary>Config section <c>routes.vxlan</c>.</summary>
public sealed record VxlanOptions
{
    /// <summary>VXLAN network identifier. Default 75, Kn's number elsewhere too; flannel has 1, Calico 4096.</summary>
    public uint Vni { get; init; } = 75;

    /// <summary>UDP port. Default 4789, IANA's: what switches and network cards take for VXLAN (offloads, hashing over links). Linux'
    /// own default is 8472, from before there was a number.</summary>
    public ushort Port { get; init; } = 4789;

    /// <summary>Which of the nodes' addresses outer packets go between. Default auto.</summary>
    public VxlanUnderlay Underlay { get; init; } = VxlanUnderlay.Auto;
}

/// <summary>The family of the outer packets.</summary>
public enum VxlanUnderlay
{
    /// <summary>IPv4 where both nodes have an InternalIP of it, for its smaller header; IPv6 elsewhere.</summary>
    Auto,

    /// <summary>IPv4.</summary>
    Ipv4,

    /// <summary>IPv6.</summary>
    Ipv6,
}

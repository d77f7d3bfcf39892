namespace Kn.Hosting;

/// <summary>Everything on a node that modules could fight over, declared once: a test proves that nothing is declared twice.</summary>
/// <remarks>docs/node-resources.md is the same list for operators.</remarks>
public static class NodeResources
{
    /// <summary>Kn's rtnetlink protocol number (rtm_protocol): routes, rules, neighbours and addresses of ours carry it. 'K' in ASCII;
    /// not taken in /etc/iproute2/rt_protos.</summary>
    public const byte RouteProtocol = 0x4B;

    /// <summary>Link group of the veths of local pods (IFLA_GROUP): policies match it.</summary>
    public const uint PodLinkGroup = 75;

    /// <summary>Link group of the veths of pods that are gone: removed all at once.</summary>
    public const uint DyingLinkGroup = 76;

    /// <summary>Link group of the host's ends of containers' veths in networks without an agent.</summary>
    public const uint PlainLinkGroup = 77;

    /// <summary>Link group of the bridges of such networks that Kn made.</summary>
    public const uint PlainBridgeGroup = 78;

    /// <summary>Link group of the bridge of local pods.</summary>
    public const uint PodBridgeGroup = 79;

    /// <summary>Whether a link's group says that it belongs to pods or containers of this node: what is on such links is no underlay.</summary>
    public static bool IsLocalPodGroup(uint group) => group is >= PodLinkGroup and <= PodBridgeGroup;

    /// <summary>rtnetlink protocol number of routes to containers of networks without an agent, which the agent's modules leave alone.</summary>
    public const byte PlainRouteProtocol = 0x4C;

    /// <summary>rtnetlink protocol number of routes that BGP peers told: apart from Kn's own, which are planned from the API's objects. Not RTPROT_BGP (186),
    /// which FRR has: one on the same node would lose its routes.</summary>
    public const byte BgpRouteProtocol = 0x4D;

    /// <summary>Table of the module Cni.</summary>
    public const string CniTable = "kn-cni";

    /// <summary>Table of the module Routes; there while a tunnel or the fast path is in use.</summary>
    public const string RoutesTable = "kn-routes";

    /// <summary>Table of the module ServiceProxy.</summary>
    public const string ProxyTable = "kn-proxy";

    /// <summary>Table of the module Policy.</summary>
    public const string PolicyTable = "kn-policy";

    /// <summary>Table of the module Dns.</summary>
    public const string DnsTable = "kn-dns";

    /// <summary>Table of the networks without an agent; there while a container needs it.</summary>
    public const string PlainTable = "kn-plain";

    /// <summary>Prefix of the names of containers' veths on the host, in networks without an agent.</summary>
    public const string PlainLinkPrefix = "kp";

    /// <summary>Prefix of the names of pods' veths on the node.</summary>
    public const string PodLinkPrefix = "kn";

    /// <summary>The bridge of local pods, unless the config names another.</summary>
    public const string PodBridge = "kn-bridge";

    /// <summary>The VXLAN link of the module Routes whose outer packets are IPv4.</summary>
    public const string VxlanLink = "kn-vxlan";

    /// <summary>The one whose outer packets are IPv6: a VXLAN link has one outer family.</summary>
    public const string VxlanLinkV6 = "kn-vxlan6";

    /// <summary>The link that carries the cluster DNS address.</summary>
    public const string DnsLink = "kn-dns";

    /// <summary>Pods' IPv4 gateway: link-local, answered by the pod's permanent neighbour entry, the same on every node.</summary>
    public const string PodGatewayV4 = "169.254.1.1";

    /// <summary>Pods' IPv6 gateway, likewise.</summary>
    public const string PodGatewayV6 = "fe80::1";

    /// <summary>Major number of the qdiscs that limit pods' bandwidth, at both ends of their veths; <c>tc</c> prints it as 4b.</summary>
    public const ushort ShapingQdisc = 0x4B;

    /// <summary>Priority of what looks at pods' source addresses: before all translation.</summary>
    public const int PodSourcePriority = -110;

    /// <summary>Priority of destination NAT of Services (dstnat).</summary>
    public const int ServiceNatPriority = -100;

    /// <summary>Priority of destination NAT of pods' hostPorts: after that of Services, so that a NodePort wins, as kube-proxy's does.</summary>
    public const int HostPortNatPriority = -90;

    /// <summary>Priority of what keeps packets from other links away from the node's loopback addresses, at the input hook: before other filters.</summary>
    public const int LoopbackGuardPriority = -10;

    /// <summary>Priority of source NAT (srcnat).</summary>
    public const int MasqueradePriority = 100;

    /// <summary>Priority of NetworkPolicy at the forward and input hooks (filter): after every translation of destinations.</summary>
    public const int PolicyFilterPriority = 0;

    /// <summary>Priority of what marks packets for the fast path, at the hook forward: after all filters.</summary>
    public const int FastPathMarkPriority = 300;

    /// <summary>The bit of packets' marks by which the rules tell the fast path, once a packet leaves, that it may learn the flow. It is gone from packets
    /// that leave by a link of pods or nodes.</summary>
    public const uint FastPathMark = 0x0400_0000;

    /// <summary>Name of the fast path's filters in <c>tc filter show</c>.</summary>
    public const string FastPathFilter = "kn-fast";

    /// <summary>Priority (<c>pref</c>) of these filters.</summary>
    public const ushort FastPathFilterPriority = 75;

    /// <summary>Bits of connection marks in which NetworkPolicy keeps the generation that decided a connection.</summary>
    public const uint PolicyConnectionMask = 0xffff_0000;

    /// <summary>UDP port of the heartbeats between nodes, unless the config names another: MetalLB's.</summary>
    public const ushort HeartbeatPort = 7946;

    /// <summary>NFLOG group that packets dropped by NetworkPolicy are told to.</summary>
    public const ushort PolicyDropLog = 75;
}

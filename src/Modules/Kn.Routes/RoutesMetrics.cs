using Kn.Hosting.Modules;
using Kn.Primitives;
using Kn.Routes.Peers;

namespace Kn.Routes;

/// <summary>The module's metrics, <c>kn_routes_*</c>: computed when they are read.</summary>
internal static class RoutesMetrics
{
    public static void Register(ModuleContext context, RoutesLedger ledger, PeerTable peers)
    {
        foreach (var family in Enum.GetValues<IpFamily>())
        {
            var label = ("family", family == IpFamily.V6 ? "ipv6" : "ipv4");
            context.Metrics.GaugeCallback(
                "kn_routes_installed", "Routes to other nodes' podCIDRs in the kernel.", () => ledger.Count(family, byVxlan: false), label, ("way", "direct"));
            context.Metrics.GaugeCallback(
                "kn_routes_installed", "Routes to other nodes' podCIDRs in the kernel.", () => ledger.Count(family, byVxlan: true), label, ("way", "vxlan"));
            context.Metrics.GaugeCallback(
                "kn_routes_vxlan_mtu_bytes", "MTU of the VXLAN link by the family of its outer packets; 0 without one.", () => ledger.Tunnel(family)?.Mtu ?? 0, label);
        }

        context.Metrics.GaugeCallback("kn_routes_unreachable_nodes", "Nodes with a podCIDR that this node has no way to.", () => peers.Unreachable);
        context.Metrics.CounterCallback(
            "kn_routes_repaired_total", "Routes, tunnel entries and links that somebody else removed or changed and that were put back.", () => ledger.Repaired);
    }
}

using Kn.Hosting.Modules;
using Kn.Primitives;

namespace Kn.Routes;

/// <summary>The module's metrics, <c>kn_routes_*</c>: computed when they are read.</summary>
internal static class RoutesMetrics
{
    public static void Register(ModuleContext context, RoutesLedger ledger)
    {
        foreach (var family in Enum.GetValues<IpFamily>())
        {
            var label = ("family", family == IpFamily.V6 ? "ipv6" : "ipv4");
            context.Metrics.GaugeCallback("kn_routes_installed", "Routes to other nodes' podCIDRs in the kernel.", () => ledger.Count(family), label);
        }

        context.Metrics.GaugeCallback(
            "kn_routes_unreachable_nodes",
            "Nodes with a podCIDR that this node has no way to.",
            () => RoutesPlan.CountUnreachable(context.Cache.Current.Nodes, context.Node.Name, ledger.Underlay));
        context.Metrics.CounterCallback(
            "kn_routes_repaired_total", "Routes that somebody else removed or changed and that were put back.", () => ledger.Repaired);
    }
}

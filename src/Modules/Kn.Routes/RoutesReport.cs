using Kn.Hosting.Modules;
using Kn.Primitives;
using Kn.Routes.Pieces;

namespace Kn.Routes;

/// <summary>What the module tells the rest of Kn and the operator: the overhead of its tunnels, and its line in <c>kn status</c>.</summary>
internal sealed class RoutesReport(ModuleContext context, RoutesOptions options, RoutesLedger ledger)
{
    /// <summary>Says how it is now.</summary>
    public void Publish()
    {
        context.Encapsulation.Set(Vtep.Families.Where(outer => ledger.Tunnel(outer) is not null).Select(Vtep.Overhead).DefaultIfEmpty().Max());
        context.Status.SetFact("mode", Mode());
        foreach (var outer in Vtep.Families)
        {
            context.Status.SetFact(outer == IpFamily.V6 ? "vxlan6" : "vxlan", ledger.Tunnel(outer) is { } tunnel ? Describe(tunnel, outer) : null);
        }
    }

    private static string Describe(VxlanTunnel tunnel, IpFamily outer) =>
        $"{Vtep.LinkName(outer)} from {tunnel.Local?.ToString() ?? "any address"}, VNI {tunnel.Vni}, port {tunnel.Port}, MTU {tunnel.Mtu}";

    private string Mode()
    {
        if (options.Mode == RoutesMode.None)
        {
            return "none: somebody else routes";
        }

        var direct = Enum.GetValues<IpFamily>().Sum(family => ledger.Count(family, byVxlan: false));
        var vxlan = Enum.GetValues<IpFamily>().Sum(family => ledger.Count(family, byVxlan: true));
        return $"{options.Mode.ToString().ToLowerInvariant()}: {direct} podCIDRs directly, {vxlan} by VXLAN";
    }
}

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
        context.Status.SetFact("mode", options.Mode == RoutesMode.None ? "none: somebody else routes" : options.Mode.ToString().ToLowerInvariant());
        context.Status.SetFact("direct", Count(byVxlan: false));
        context.Status.SetFact("vxlan", Count(byVxlan: true));
        foreach (var outer in Vtep.Families)
        {
            context.Status.SetFact(Vtep.LinkName(outer), ledger.Tunnel(outer) is { } tunnel ? Describe(tunnel) : null);
        }
    }

    private static string Describe(VxlanTunnel tunnel) =>
        $"from {tunnel.Local?.ToString() ?? "any address"} MTU {tunnel.Mtu} VNI {tunnel.Vni} port {tunnel.Port}";

    private string? Count(bool byVxlan)
    {
        var count = Enum.GetValues<IpFamily>().Sum(family => ledger.Count(family, byVxlan));
        return count == 0 ? null : $"{count} podCIDRs";
    }
}

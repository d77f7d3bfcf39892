using System.Text;
using System.Text.Json;
using Kn.Hosting.Control;
using Kn.Hosting.Modules;
using Kn.LoadBalancer.Allocating;
using Kn.LoadBalancer.Announcing;

namespace Kn.LoadBalancer.Inspection;

/// <summary>Answers the control socket's verb <c>loadBalancer</c>.</summary>
/// <param name="context">The module's.</param>
/// <param name="options">The module's.</param>
/// <param name="pools">The pools.</param>
/// <param name="view">What this node knows of the announcing.</param>
/// <param name="setLeaving">Hands addresses over, or takes part again.</param>
internal sealed class LbInspector(ModuleContext context, LoadBalancerOptions options, IReadOnlyList<AddressPool> pools, Func<AnnouncementView> view, Action<bool> setLeaving)
{
    /// <summary>Answers.</summary>
    public Task<ControlResponse> HandleAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        switch (request.Arguments.GetValueOrDefault(LbVerb.Action, ""))
        {
            case LbVerb.List:
                return Task.FromResult(new ControlResponse(LbVerb.Good, JsonSerializer.SerializeToUtf8Bytes(Report(), LbReportJson.Default.LbListReport)));
            case LbVerb.Leave:
                setLeaving(true);
                return Task.FromResult(Sentence(LbVerb.Good, "this node hands its addresses over"));
            case LbVerb.Join:
                setLeaving(false);
                return Task.FromResult(Sentence(LbVerb.Good, "this node takes part"));
            case var unknown:
                return Task.FromResult(Sentence(LbVerb.BadQuestion, $"the agent's module loadBalancer does not know '{unknown}'"));
        }
    }

    /// <summary>Everything as this node sees it.</summary>
    internal LbListReport Report()
    {
        var now = view();
        // Held is what the status says: the same plan as the leader's, but for what is being written.
        var grants = AllocationPlan.Plan(now.Cluster, pools, options, GrantMemory.OfStatus);
        return new LbListReport
        {
            Node = context.Node.Name,
            Leader = context.Leadership.Leader,
            Addresses = [.. now.Planned.Values.OrderBy(static item => item.Address).Select(item => ReportOf(item, now))],
            Waiting =
            [
                .. grants.Where(static grant => grant.Problem is not null)
                    .OrderBy(static grant => grant.Service.Key.ToString(), StringComparer.Ordinal)
                    .Select(static grant => new LbWaitingReport(grant.Service.Key.ToString(), grant.Problem ?? "")),
            ],
        };
    }

    private static ControlResponse Sentence(int exitCode, string text) => new(exitCode, Encoding.UTF8.GetBytes(text));

    private LbAddressReport ReportOf(AnnouncedAddress item, AnnouncementView now)
    {
        // A node hears of those it shares an address with; of others it only knows what the API says.
        var takesPart = item.Candidates.Contains(context.Node.Name);
        bool IsAlive(string node) => node == context.Node.Name ? !now.IsLeaving : !takesPart || now.Alive.Contains(node);
        var owner = item.Owner(IsAlive) ?? "";
        return new LbAddressReport
        {
            Address = item.Address.ToString(),
            Pool = item.Pool.Name,
            Services = [.. item.Services.Select(static key => key.ToString())],
            Announced = (item.Pool.IsByArp, item.Pool.IsByBgp) switch { (true, true) => "both", (true, false) => "arp", _ => "bgp" },
            Node = owner,
            Interface = now.Own.GetValueOrDefault(item.Address),
            Reason = Reason(item, owner, IsAlive),
        };
    }

    private static string Reason(AnnouncedAddress item, string owner, Func<string, bool> isAlive)
    {
        if (!item.Pool.IsByArp)
        {
            return "by BGP, from every node that may";
        }

        if (item.Candidates.IsEmpty)
        {
            return item.IsLocal ? "no node that may announce it has a ready endpoint (externalTrafficPolicy Local)" : "no node may announce it";
        }

        var among = item.IsLocal ? "nodes with a ready endpoint" : "nodes";
        var order = string.Join(", ", item.Candidates.Select(node => isAlive(node) ? node : $"{node} (gone)"));
        return owner.Length == 0 ? $"none of its {among} is alive: {order}" : $"first alive of its {among}: {order}";
    }
}

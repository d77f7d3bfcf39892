using FsCheck;
using FsCheck.Fluent;
using Kn.Kubernetes.Cache;
using Kn.Linux.Nftables;
using Kn.Policy.Explaining;
using Kn.Policy.Tests.Reference;

namespace Kn.Policy.Tests;

/// <summary>Random clusters and random changes of them.</summary>
public sealed class Properties
{
    [Fact]
    public void EveryConnection_IsJudgedAlike_ByTheReferenceExplainAndTheTables() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(int.Parse(Environment.GetEnvironmentVariable("KN_POLICY_CASES") ?? "200")), Prop.ForAll(RandomClusters.Clusters, static cluster => Agree(cluster, RulesetWalk.OfAsync(cluster).GetAwaiter().GetResult())));

    [Fact]
    public void RandomChanges_KeyByKey_EndAsMadeFromNothing() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), Prop.ForAll(RandomClusters.Histories, static history => WalkAsync(history, faults: null).GetAwaiter().GetResult()));

    [Fact]
    public void RandomChanges_WithOneBatchInTenRefused_EndAsMadeFromNothing() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(RandomClusters.Histories, static history =>
        {
            var random = new Random(history.Length);
            return WalkAsync(history, () => random.Next(10) == 0).GetAwaiter().GetResult();
        }));

    [Fact]
    public void RandomDamage_IsRepairedByAResync() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(RandomClusters.Histories, ArbMap.Default.ArbFor<int>(), static (history, seed) =>
            RepairAsync(history[^1], new Random(seed)).GetAwaiter().GetResult()));

    /// <summary>A connection that was decided before a change, and that the reference no longer allows, is not let through by its mark.</summary>
    [Fact]
    public void RandomChanges_CutWhatIsNoLongerAllowed_AndNothingElse() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(RandomClusters.Histories, static history => CutAsync(history).GetAwaiter().GetResult()));

    private static bool Agree(ClusterSnapshot cluster, RulesetWalk walk)
    {
        if (Claimed(cluster))
        {
            return true;
        }

        var reference = new ReferenceEvaluator(cluster);
        var explainer = new PolicyExplainer(cluster, new PolicyOptions());
        foreach (var flow in RandomClusters.FlowsOf(cluster))
        {
            var (wanted, explained) = (reference.Evaluate(flow), explainer.Explain(new FlowQuestion(flow.Source, flow.Destination, flow.Protocol, flow.Port)));
            Assert.Equal((flow, Side(wanted.Egress), Side(wanted.Ingress)), (flow, Side(explained.Egress), Side(explained.Ingress)));
            Assert.Equal((flow, wanted.IsAllowed), (flow, walk.Passes(flow)));
        }

        return true;
    }

    private static string Side(ReferenceSide side) => $"{side.IsAllowed}: {string.Join(' ', side.Allowing.Select(static pair => $"{pair.Policy}#{pair.Rule}"))}";

    private static string Side(SideExplanation side) => $"{side.IsAllowed}: {string.Join(' ', side.Allowing.Select(static rule => $"{rule.Policy}#{rule.Rule}"))}";

    /// <summary>Two pods of one address: the reference has no opinion on whose it is.</summary>
    private static bool Claimed(ClusterSnapshot cluster) => cluster.Pods
        .Where(static pod => Planning.PolicyPlan.IsSubject(pod))
        .SelectMany(static pod => pod.PodIps)
        .GroupBy(static address => address)
        .Any(static group => group.Count() > 1);

    private static async Task<bool> WalkAsync(ClusterSnapshot[] history, Func<bool>? faults)
    {
        var table = new StrictTable();
        var loop = new TestLoop(table);
        await loop.ResyncAsync(history[0]);
        table.Fails = faults ?? table.Fails;
        foreach (var cluster in history.Skip(1))
        {
            await StepAsync(loop, cluster);
            Assert.Equal(NormalText.Of(await TestLoop.FromNothingAsync(cluster)), NormalText.Of(table.Read()!));
        }

        table.Fails = static () => false;
        var sent = table.Batches.Count;
        await new TestLoop(table).ResyncAsync(history[^1]);
        Assert.Equal(sent, table.Batches.Count);
        return await loop.ResyncAsync(history[^1]) == 0;
    }

    private static async Task StepAsync(TestLoop loop, ClusterSnapshot cluster)
    {
        try
        {
            await loop.ChangeAsync(cluster);
        }
        catch (IOException)
        {
            for (var tries = 0; ; tries++)
            {
                try
                {
                    await loop.ResyncAsync(cluster);
                    return;
                }
                catch (IOException) when (tries < 100)
                {
                }
            }
        }
    }

    private static async Task<bool> RepairAsync(ClusterSnapshot cluster, Random random)
    {
        var table = new StrictTable();
        var loop = new TestLoop(table);
        await loop.ResyncAsync(cluster);
        var whole = NormalText.Of(table.Read()!);
        table.Damage((set, element) => random.Next(4) switch
        {
            0 => null,
            1 when element.Data.Length == 4 => element with { Data = NftValue.Of((uint)random.Next(100)) },
            _ => element,
        });
        await loop.ResyncAsync(cluster);
        Assert.Equal(whole, NormalText.Of(table.Read()!));
        return await loop.ResyncAsync(cluster) == 0;
    }

    private static async Task<bool> CutAsync(ClusterSnapshot[] history)
    {
        var tables = new Dictionary<string, StrictTable> { ["n1"] = new(), ["n2"] = new() };
        var loops = tables.ToDictionary(static pair => pair.Key, static pair => new TestLoop(pair.Value, pair.Key));
        var marks = new Dictionary<(string, Flow), uint>();
        foreach (var cluster in history)
        {
            foreach (var loop in loops.Values)
            {
                await (cluster == history[0] ? loop.ResyncAsync(cluster) : loop.ChangeAsync(cluster));
            }

            var walk = new RulesetWalk(cluster, tables.ToDictionary(static pair => pair.Key, static pair => pair.Value.Read()!)) { Marks = marks };
            if (!Claimed(cluster))
            {
                var reference = new ReferenceEvaluator(cluster);
                Assert.All(RandomClusters.FlowsOf(cluster), flow => Assert.Equal((flow, reference.Evaluate(flow).IsAllowed), (flow, walk.Passes(flow))));
            }
        }

        return true;
    }
}

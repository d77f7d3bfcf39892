using FsCheck;
using FsCheck.Fluent;
using Kn.Kubernetes.Cache;

namespace Kn.ServiceProxy.Tests;

/// <summary>Random clusters and random changes of them.</summary>
public class Properties
{
    [Fact]
    public void RandomChanges_KeyByKey_EndAsMadeFromNothing() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(150), Prop.ForAll(RandomClusters.Histories, static history => WalkAsync(history, faults: null).GetAwaiter().GetResult()));

    [Fact]
    public void RandomChanges_WithOneBatchInTenRefused_EndAsMadeFromNothing() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(80), Prop.ForAll(RandomClusters.Histories, static history =>
        {
            var random = new Random(history.Length);
            return WalkAsync(history, () => random.Next(10) == 0).GetAwaiter().GetResult();
        }));

    [Fact]
    public void RandomDamage_IsRepairedByAResync() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(150), Prop.ForAll(RandomClusters.Histories, ArbMap.Default.ArbFor<int>(), static (history, seed) =>
            RepairAsync(history[^1], new Random(seed)).GetAwaiter().GetResult()));

    private static async Task<bool> WalkAsync(ClusterSnapshot[] history, Func<bool>? faults)
    {
        var table = new StrictProxyTable();
        var loop = new TestLoop(table);
        await loop.ResyncAsync(history[0]);
        table.Fails = faults ?? table.Fails;
        foreach (var cluster in history.Skip(1))
        {
            await StepAsync(loop, cluster);
            if (!string.Equals(await TransitionTests.FromNothingAsync(cluster), LogicalTable.Of(table.Read()), StringComparison.Ordinal))
            {
                return false;
            }
        }

        var sent = table.Batches.Count;
        table.Fails = static () => false;
        return await new TestLoop(table).ResyncAsync(history[^1]) == 0 && table.Batches.Count == sent && await loop.ResyncAsync(history[^1]) == 0;
    }

    private static async Task StepAsync(TestLoop loop, ClusterSnapshot cluster)
    {
        try
        {
            await loop.ChangeAsync(cluster);
        }
        catch (IOException)
        {
            await ResyncUntilItWorksAsync(loop, cluster);
        }
    }

    private static async Task ResyncUntilItWorksAsync(TestLoop loop, ClusterSnapshot cluster)
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

    private static async Task<bool> RepairAsync(ClusterSnapshot cluster, Random random)
    {
        var table = new StrictProxyTable();
        var loop = new TestLoop(table);
        await loop.ResyncAsync(cluster);
        var whole = LogicalTable.Of(table.Read());
        table.Damage(element => random.Next(4) switch
        {
            0 => null,
            1 when element.Element.Data.Length == 4 => element with { Element = element.Element with { Data = Linux.Nftables.NftValue.Of((uint)random.Next(100)) } },
            2 when element.Element.Comment is not null => element with { Element = element.Element with { Comment = "somebody's" } },
            _ => element,
        });
        await loop.ResyncAsync(cluster);
        return string.Equals(whole, LogicalTable.Of(table.Read()), StringComparison.Ordinal)
            && await loop.ResyncAsync(cluster) == 0;
    }
}

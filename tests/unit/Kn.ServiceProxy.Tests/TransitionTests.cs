using Kn.Kubernetes.Cache;

namespace Kn.ServiceProxy.Tests;

public class TransitionTests
{
    public static TheoryData<string, string> Pairs => Cases.Pairs;

    public static TheoryData<string> Names => Cases.Names;

    [Theory, MemberData(nameof(Pairs))]
    public async Task EveryPairOfCases_ChangedKeyByKey_EndsAsMadeFromNothing(string from, string to)
    {
        var table = new StrictProxyTable();
        var loop = new TestLoop(table);
        await loop.ResyncAsync(Cases.All[from]);
        await loop.ChangeAsync(Cases.All[to]);
        Assert.Equal(await FromNothingAsync(Cases.All[to]), LogicalTable.Of(table.Read()));
        Assert.Equal(0, await loop.ResyncAsync(Cases.All[to]));
    }

    [Theory, MemberData(nameof(Pairs))]
    public async Task EveryPairOfCases_ChangedWhileTheAgentWasAway_EndsAsMadeFromNothing(string from, string to)
    {
        var table = new StrictProxyTable();
        await new TestLoop(table).ResyncAsync(Cases.All[from]);
        var restarted = new TestLoop(table);
        await restarted.ResyncAsync(Cases.All[to]);
        Assert.Equal(await FromNothingAsync(Cases.All[to]), LogicalTable.Of(table.Read()));
        Assert.DoesNotContain(table.Batches.Skip(1), static batch => batch.ReplacesTable);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Restart_WithoutChange_FindsNothingToDo(string name)
    {
        var table = new StrictProxyTable();
        await new TestLoop(table).ResyncAsync(Cases.All[name]);
        Assert.Single(table.Batches);
        Assert.Equal(0, await new TestLoop(table).ResyncAsync(Cases.All[name]));
        Assert.Single(table.Batches);
    }

    internal static async Task<string> FromNothingAsync(ClusterSnapshot cluster)
    {
        var table = new StrictProxyTable();
        await new TestLoop(table).ResyncAsync(cluster);
        return LogicalTable.Of(table.Read());
    }
}

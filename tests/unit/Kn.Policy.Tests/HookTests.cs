using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.Policy.Tables;
using Kn.Primitives;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

/// <summary>Where nothing isolates any pod, no packet comes by the table; the first policy changes that in its own transaction.</summary>
public sealed class HookTests
{
    private static readonly NetworkPolicy DenyAll = PolicyOf("a/p", """{"podSelector":{}}""");

    private static readonly Dictionary<string, (PolicyOptions Options, KubernetesObject[] Objects, bool IsHooked)> Rows = new(StringComparer.Ordinal)
    {
        ["no policies"] = (new PolicyOptions(), [], false),
        ["own node guarded, no policies"] = (new PolicyOptions { GuardOwnNode = true }, [], false),
        ["a policy of pods elsewhere"] = (new PolicyOptions(), [PolicyOf("elsewhere/p", """{"podSelector":{}}""")], true),
        ["default deny"] = (new PolicyOptions { DefaultDeny = new DefaultDenyOptions { Enabled = true } }, [], true),
        ["the old annotation"] = (new PolicyOptions(), [Annotated("c")], true),
        ["connections outlive their permission"] = (new PolicyOptions { CutConnections = false }, [], true),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task Hook_IsThereWhenSomethingNeedsIt(string name)
    {
        var (options, objects, isHooked) = Rows[name];
        var table = await TestLoop.FromNothingAsync(ClusterSnapshot.Of(Cases.BaseObjects.Concat(objects)), options: options);
        Assert.Equal(isHooked, table.Chains.Any(static chain => chain.Hook is not null));
        Assert.Equal(isHooked && options.GuardOwnNode, table.FindChain("input") is not null);
    }

    [Fact]
    public async Task FirstPolicy_HooksAndIsolates_InOneTransaction_AndTheLastOneLetsGo()
    {
        var table = new StrictTable();
        var loop = new TestLoop(table, options: new PolicyOptions { GuardOwnNode = true });
        var open = ClusterSnapshot.Of(Cases.BaseObjects);
        await loop.ResyncAsync(open);
        for (var turn = 0; turn < 2; turn++)
        {
            var sent = table.Batches.Count;
            await loop.ChangeAsync(open.With(DenyAll));
            Assert.Equal(sent + 1, table.Batches.Count);
            var read = table.Read()!;
            Assert.Equal(PolicyRuleset.Hooks(PolicyRuleset.GenerationOf(read)!.Value, new PolicyOptions { GuardOwnNode = true }), read.Chains.Where(static chain => chain.Hook is not null).OrderBy(static chain => chain.Name, StringComparer.Ordinal));
            Assert.StartsWith("in-", read.FindSet("in4")!.Elements.First(static element => element.Key == NftValue.Of(IpAddress.Parse("10.0.1.1"))).Verdict?.Chain, StringComparison.Ordinal);
            await loop.ChangeAsync(open);
            Assert.Equal(sent + 2, table.Batches.Count);
            Assert.DoesNotContain(table.Read()!.Chains, static chain => chain.Hook is not null);
            Assert.Equal(0, await loop.ResyncAsync(open));
        }
    }

    /// <summary>A policy that came while no agent ran: the hook comes with it, and the rest of the table stays.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restart_SwitchesTheHook_AndReplacesNothing(bool comes)
    {
        var (table, open) = (new StrictTable(), ClusterSnapshot.Of(Cases.BaseObjects));
        await new TestLoop(table).ResyncAsync(comes ? open : open.With(DenyAll));
        var sent = table.Batches.Count;
        await new TestLoop(table).ResyncAsync(comes ? open.With(DenyAll) : open);
        var batch = Assert.Single(table.Batches.Skip(sent));
        Assert.DoesNotContain(batch.Operations, static operation => operation is TableOperation);
        Assert.Equal(NormalText.Of(await TestLoop.FromNothingAsync(comes ? open.With(DenyAll) : open)), NormalText.Of(table.Read()!));
    }

    /// <summary>Somebody who takes the hook away switches policies off: it comes back.</summary>
    [Fact]
    public async Task HookThatIsGone_ComesBack()
    {
        var (table, cluster) = (new StrictTable(), ClusterSnapshot.Of([.. Cases.BaseObjects, DenyAll]));
        var loop = new TestLoop(table);
        await loop.ResyncAsync(cluster);
        table.Apply(new NftBatch().FlushChain(PolicyRuleset.TableId, "forward").DeleteChain(PolicyRuleset.TableId, "forward"));
        await loop.ResyncAsync(cluster);
        Assert.Equal(NormalText.Of(await TestLoop.FromNothingAsync(cluster)), NormalText.Of(table.Read()!));
    }

    private static Namespace Annotated(string name) => Namespace(name) with
    {
        Metadata = new ObjectMeta { Name = name, Annotations = ValueMap.Of(("net.beta.kubernetes.io/network-policy", """{"ingress":{"isolation":"DefaultDeny"}}""")) },
    };
}

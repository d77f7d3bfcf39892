using Kn.Hosting;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Tracing;
using Kn.Policy.Tables;
using Kn.Primitives;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

/// <summary>Which changes make connections be judged again: each that takes something away, and as few others as may be.</summary>
public sealed class GenerationTests
{
    private const string FromAllPods = """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{}}],"ports":[{"port":80},{"port":81}]}]}""";
    private static readonly Pod BlueClient = Pod("b/client", "n1", "app=client", "10.0.1.3", "fd00:10:1::3");

    private static readonly Dictionary<string, (KubernetesObject[] Before, KubernetesObject[] After)> Taking = new(StringComparer.Ordinal)
    {
        ["a pod is isolated"] = ([], [PolicyOf("a/p", """{"podSelector":{}}""")]),
        ["a peer is left out"] = ([PolicyOf("a/p", FromAllPods)], [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}],"ports":[{"port":80},{"port":81}]}]}""")]),
        ["a port is left out"] = ([PolicyOf("a/p", FromAllPods)], [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{}}],"ports":[{"port":81}]}]}""")]),
        ["everybody loses a port"] = ([PolicyOf("a/p", """{"podSelector":{},"ingress":[{"ports":[{"port":80},{"port":81}]}]}""")], [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"ports":[{"port":81}]}]}""")]),
        ["a block is left out"] = (
            [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8"}},{"ipBlock":{"cidr":"10.9.0.0/16"}}]}]}""")],
            [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.9.0.0/16"}}]}]}""")]),
        ["a rule is left out where another policy has its peers"] = (
            [PolicyOf("a/p", FromAllPods), PolicyOf("a/q", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{}}],"ports":[{"port":82}]}]}""")],
            [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"ports":[{"port":83}]}]}"""), PolicyOf("a/q", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{}}],"ports":[{"port":82}]}]}""")]),
        ["a policy goes while another one stays"] = ([PolicyOf("a/p", FromAllPods), PolicyOf("a/q", """{"podSelector":{}}""")], [PolicyOf("a/q", """{"podSelector":{}}""")]),
        ["the peer's labels change"] = (
            [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{},"podSelector":{"matchLabels":{"app":"client"}}}]}]}""")],
            [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{},"podSelector":{"matchLabels":{"app":"client"}}}]}]}"""), Pod("b/client", "n1", "app=other", "10.0.1.3")]),
        ["the namespace's labels change"] = (
            [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"team":"blue"}}}]}]}""")],
            [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"team":"blue"}}}]}]}"""), Namespace("b", ("team", "green"))]),
        ["the pod's own labels change"] = (
            [PolicyOf("a/p", """{"podSelector":{"matchLabels":{"app":"db"}}}""")],
            [PolicyOf("a/p", """{"podSelector":{"matchLabels":{"app":"db"}}}"""), Pod("a/web", "n1", "app=db", "10.0.1.1")]),
        ["the port's name goes"] = (
            [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"ports":[{"port":"http"}]}]}""")],
            [PolicyOf("a/p", """{"podSelector":{},"ingress":[{"ports":[{"port":"http"}]}]}"""), With(Pod("a/web", "n1", "app=web,tier=front", "10.0.1.1"), Named("http", 90))]),
    };

    private static readonly Dictionary<string, (KubernetesObject[] Before, KubernetesObject[] After)> Giving = new(StringComparer.Ordinal)
    {
        ["a pod more elsewhere"] = ([PolicyOf("a/p", FromAllPods)], [PolicyOf("a/p", FromAllPods), Pod("b/new", "n2", "app=client", "10.0.2.77")]),
        ["a pod more here"] = ([PolicyOf("a/p", FromAllPods)], [PolicyOf("a/p", FromAllPods), Pod("a/new", "n1", "app=new", "10.0.1.77")]),
        ["a rule more"] = ([PolicyOf("a/p", FromAllPods)], [PolicyOf("a/p", FromAllPods.Replace("""{"port":81}""", """{"port":81},{"port":82}""", StringComparison.Ordinal))]),
        ["a policy for nobody here"] = ([PolicyOf("a/p", FromAllPods)], [PolicyOf("a/p", FromAllPods), PolicyOf("c/q", """{"podSelector":{}}""")]),
        ["a label that no policy asks for"] = ([PolicyOf("a/p", FromAllPods)], [PolicyOf("a/p", FromAllPods), Pod("b/client", "n1", "app=client,unseen=x", "10.0.1.3", "fd00:10:1::3")]),
    };

    public static TheoryData<string> Takings => [.. Taking.Keys];

    public static TheoryData<string> Givings => [.. Giving.Keys];

    [Theory, MemberData(nameof(Takings))]
    public async Task WhatTakesAway_CutsTheConnection(string name)
    {
        var (table, loop) = await StartAsync(Taking[name].Before);
        var packet = new TracePacket(BlueClient.PodIps[0], IpAddress.Parse("10.0.1.1"), Linux.Nftables.IpProtocol.Tcp, 40000, 80)
        {
            InputGroup = NodeResources.PodLinkGroup,
            OutputGroup = NodeResources.PodLinkGroup,
        };
        var mark = 0u;
        if (table.Read()!.FindChain("forward") is not null)
        {
            var first = new PacketTracer(table.Read()!).Trace("forward", packet);
            Assert.Equal(NftVerdictKind.Accept, first.Verdict);
            mark = first.Packet.CtMark;
        }

        var forgotten = loop.Forgotten;
        await loop.ChangeAsync(ClusterSnapshot.Of(Cases.BaseObjects.Concat(Taking[name].After)));
        Assert.Equal(forgotten + 1, loop.Forgotten);
        Assert.Equal(NftVerdictKind.Drop, new PacketTracer(table.Read()!).Trace("forward", packet with { CtMark = mark, State = ConnectionState.Established }).Verdict);
    }

    [Theory, MemberData(nameof(Givings))]
    public async Task WhatOnlyGives_LeavesTheGeneration(string name)
    {
        var (table, loop) = await StartAsync(Giving[name].Before);
        var generation = PolicyRuleset.GenerationOf(table.Read()!);
        var forgotten = loop.Forgotten;
        await loop.ChangeAsync(ClusterSnapshot.Of(Cases.BaseObjects.Concat(Giving[name].After)));
        Assert.Equal(forgotten, loop.Forgotten);
        Assert.Equal(generation, PolicyRuleset.GenerationOf(table.Read()!));
    }

    /// <summary>The kernel refuses the change, or takes it and says that it did not: what is remembered of packets is forgotten when it is known to be in place.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ChangeThatFailed_IsForgottenByAll_WhenItIsInPlace(bool wasDone)
    {
        var (table, loop) = await StartAsync([PolicyOf("a/p", FromAllPods)]);
        var (forgotten, cluster) = (loop.Forgotten, ClusterSnapshot.Of([.. Cases.BaseObjects, PolicyOf("a/p", """{"podSelector":{}}""")]));
        table.Fails = () => !wasDone;
        table.FailsAfterwards = wasDone;
        await Assert.ThrowsAsync<IOException>(() => loop.ChangeAsync(cluster));
        Assert.Equal(forgotten, loop.Forgotten);
        (table.Fails, table.FailsAfterwards) = (static () => false, false);
        await loop.ResyncAsync(cluster);
        Assert.Equal(forgotten + 1, loop.Forgotten);
    }

    /// <summary>A pod that goes costs nothing; that another one gets its address does.</summary>
    [Fact]
    public async Task AddressOfAPodThatIsGone_RaisesTheGeneration_WhenAnotherPodGetsIt()
    {
        var (table, loop) = await StartAsync([PolicyOf("a/p", FromAllPods)]);
        var generation = PolicyRuleset.GenerationOf(table.Read()!);
        var without = loop.Cluster.Without(BlueClient);
        await loop.ChangeAsync(without);
        Assert.Equal(generation, PolicyRuleset.GenerationOf(table.Read()!));
        await loop.ChangeAsync(without.With(Pod("b/other", "n1", "app=other", "10.0.1.3")));
        Assert.NotEqual(generation, PolicyRuleset.GenerationOf(table.Read()!));
    }

    [Fact]
    public void Generation_BeginsAgainAfterTheLast()
    {
        var state = new PolicyState(new PolicyOptions());
        state.Continue(ushort.MaxValue);
        state.Raise(new NftBatch());
        Assert.Equal(1, state.Generation);
    }

    private static async Task<(StrictTable Table, TestLoop Loop)> StartAsync(KubernetesObject[] objects)
    {
        var table = new StrictTable();
        var loop = new TestLoop(table);
        await loop.ResyncAsync(ClusterSnapshot.Of(Cases.BaseObjects.Concat(objects)));
        return (table, loop);
    }
}

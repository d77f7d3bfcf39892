using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

/// <summary>A change costs what it touches: counted in what goes to the kernel, not in time.</summary>
public sealed class CostTests
{
    private const int Pods = 500;

    [Fact]
    public async Task RemotePodAdded_IsOneElement() => Assert.Equal(1, await ElementsAsync(static cluster => cluster.With(Pod("ns1/new", "n2", "app=a1", "10.1.0.1"))));

    [Fact]
    public async Task RemotePodGone_IsOneElement() => Assert.Equal(1, await ElementsAsync(static cluster => cluster.Without(cluster.Pods.Find("ns1/p401".Split('/')[0], "p401")!)));

    [Fact]
    public async Task RemotePodsLabels_ToThoseOfOthers_AreOneElementReplaced() =>
        Assert.Equal(2, await ElementsAsync(static cluster => cluster.With(Pod("ns1/p401", "n2", "app=a4,unseen=x", "10.0.1.151"))));

    [Fact]
    public async Task LabelThatNoPolicyAsksFor_IsNothing() =>
        Assert.Equal(0, await ElementsAsync(static cluster => cluster.With(Pod("ns1/p401", "n2", "app=a1,unseen=another", "10.0.1.151"))));

    /// <summary>who, in, out and self.</summary>
    [Fact]
    public async Task LocalPodOfAKnownClass_IsFourElements() => Assert.Equal(4, await ElementsAsync(static cluster => cluster.With(Pod("ns1/new", "n1", "app=a1", "10.1.0.1"))));

    [Fact]
    public async Task PolicyOfPodsElsewhere_IsNothing() =>
        Assert.Equal(0, await ElementsAsync(static cluster => cluster.With(PolicyOf("elsewhere/p", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{"matchLabels":{"app":"a1"}}}]}]}"""))));

    /// <summary>What every pod may use stands in the class' chain.</summary>
    [Fact]
    public async Task PolicyForAllNamespaces_HasNoElementForEachPeer()
    {
        var cluster = Cluster(Pods);
        foreach (var policy in cluster.NetworkPolicies)
        {
            cluster = cluster.Without(policy);
        }

        var table = await TestLoop.FromNothingAsync(cluster.With(PolicyOf("ns1/dns", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{}}],"ports":[{"port":53}]}]}""")));
        Assert.Equal(0, table.Sets.Where(static set => Tables.ClassChain.IsName(set.Name)).Sum(static set => set.Elements.Count));
        Assert.Single(table.Chains, static chain => Tables.ClassChain.IsName(chain.Name));
    }

    /// <summary>Pods of one kind share an identity, pods of the same policies a class, whatever their number.</summary>
    [Fact]
    public async Task IdentitiesAndClasses_DoNotGrowWithPods()
    {
        var few = await TestLoop.FromNothingAsync(Cluster(100));
        var many = await TestLoop.FromNothingAsync(Cluster(Pods));
        Assert.Equal(few.Chains.Count, many.Chains.Count);
        Assert.Equal(Identities(few), Identities(many));

        static int Identities(NftTable table) => table.FindSet("who4")!.Elements.Select(static element => element.Data).Distinct().Count();
    }

    private static async Task<int> ElementsAsync(Func<ClusterSnapshot, ClusterSnapshot> change)
    {
        var table = new StrictTable();
        var loop = new TestLoop(table);
        var cluster = Cluster(Pods);
        await loop.ResyncAsync(cluster);
        var sent = table.Batches.Count;
        await loop.ChangeAsync(change(cluster));
        return table.Batches.Skip(sent).SelectMany(static batch => batch.Operations).OfType<ElementsOperation>().Sum(static operation => operation.Elements.Count);
    }

    private static ClusterSnapshot Cluster(int pods)
    {
        var objects = new List<KubernetesObject> { Node("n1", "192.168.0.1") };
        for (var number = 0; number < 4; number++)
        {
            objects.Add(Namespace($"ns{number}", ("team", $"t{number % 2}")));
            objects.Add(PolicyOf($"ns{number}/p", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"team":"t1"}},"podSelector":{"matchLabels":{"app":"a1"}}}],"ports":[{"port":80}]},{"from":[{"podSelector":{}}]}]}"""));
        }

        for (var number = 0; number < pods; number++)
        {
            objects.Add(Pod($"ns{number % 4}/p{number}", number < 40 ? "n1" : "n2", $"app=a{number % 5},unseen=x{number}", $"10.0.{number / 250}.{number % 250}"));
        }

        return ClusterSnapshot.Of(objects);
    }
}

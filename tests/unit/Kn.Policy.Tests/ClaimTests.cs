using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Policy.Explaining;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

/// <summary>Two pods that name one address, as for a moment when the API is behind: one of them has it, for everybody who asks.</summary>
public sealed class ClaimTests
{
    private static readonly KubernetesObject[] Others = [.. Cases.BaseObjects, PolicyOf("a/p", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{"matchLabels":{"app":"client"}}}]}]}""")];

    public static TheoryData<string> Losers => ["b/leaving", "b/older", "b/same-age"];

    [Theory, MemberData(nameof(Losers))]
    public async Task AddressOfTwoPods_IsOnes(string loser)
    {
        var winner = Made("a/next", "n1", age: 10);
        var other = Made(loser, "n1", loser == "b/older" ? 5 : 10);
        if (loser == "b/leaving")
        {
            other = other with { Metadata = other.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch, CreationTimestamp = DateTimeOffset.UnixEpoch.AddHours(1) } };
        }

        var both = ClusterSnapshot.Of([.. Others, winner, other]);
        Assert.Equal(winner.Key, new PolicyExplainer(both, new PolicyOptions()).PodAt(winner.PodIps[0])!.Key);
        foreach (var node in new[] { "n1", "n2" })
        {
            Assert.Equal(NormalText.Of(await TestLoop.FromNothingAsync(both.Without(other), node)), NormalText.Of(await TestLoop.FromNothingAsync(both, node)));
        }
    }

    /// <summary>The address goes back when the pod that had it is gone, and the other way round.</summary>
    [Fact]
    public async Task AddressOfTwoPods_ChangesHands()
    {
        var (first, second) = (Made("a/next", "n1", age: 10), Made("b/older", "n1", age: 5));
        var cluster = ClusterSnapshot.Of([.. Others, second]);
        var table = new StrictTable();
        var loop = new TestLoop(table);
        await loop.ResyncAsync(cluster);
        foreach (var next in new[] { cluster.With(first), cluster, cluster.With(first), cluster.With(first).Without(second) })
        {
            await loop.ChangeAsync(next);
            Assert.Equal(NormalText.Of(await TestLoop.FromNothingAsync(next)), NormalText.Of(table.Read()!));
        }
    }

    private static Pod Made(string key, string node, int age)
    {
        var pod = Pod(key, node, "app=client", "10.0.1.50", "fd00:10:1::50");
        return pod with { Metadata = pod.Metadata with { CreationTimestamp = DateTimeOffset.UnixEpoch.AddSeconds(age) } };
    }
}

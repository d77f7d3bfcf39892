using Kn.Hosting.Pods;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Hosting.Tests.Pods;

public sealed class AttachedPodsTests
{
    [Fact]
    public async Task Known_IsWhoeverExpectsNobody_OrWasToldOnce()
    {
        var pods = new AttachedPods();
        await pods.WhenKnownAsync(default);
        pods.Expect();
        var known = pods.WhenKnownAsync(default);
        Assert.False(known.IsCompleted);
        pods.Replace([]);
        await known.WaitAsync(TestContexts.Deadline);
    }

    [Fact]
    public void Follower_IsToldOfEach_OnceAndInOrder()
    {
        var pods = new AttachedPods();
        var (a, b, c) = (Pod("a", "10.0.0.1"), Pod("b", "10.0.0.2"), Pod("c", "10.0.0.3"));
        pods.Set(a);
        var told = new List<string>();
        void Handler(AttachedPod pod) => told.Add($"{pod.HostLink}{(pods.All.Contains(pod) ? "+" : "-")}");
        pods.Follow(Handler);
        pods.Set(a);
        pods.Set(b);
        pods.Replace([b, c]);
        pods.Remove("b");
        pods.Remove("b");
        pods.Unfollow(Handler);
        pods.Remove("c");
        Assert.Equal(["a+", "b+", "c+", "a-", "b-"], told);
        Assert.Empty(pods.All);
    }

    [Fact]
    public void Object_IsThePod_ByNameAndUid()
    {
        var item = new Pod { Metadata = new ObjectMeta { Namespace = "ns", Name = "a", Uid = "1", Annotations = ValueMap.Of(("kubernetes.io/config.mirror", "f")) } };
        Assert.True(Pod("a", "10.0.0.1", "1").Is(item));
        Assert.True(Pod("a", "10.0.0.1", "").Is(item));
        Assert.True(Pod("a", "10.0.0.1", "f").Is(item));
        Assert.False(Pod("a", "10.0.0.1", "2").Is(item));
        Assert.False(Pod("b", "10.0.0.1", "1").Is(item));
        Assert.False((Pod("a", "10.0.0.1") with { Pod = null }).Is(item));
    }

    private static AttachedPod Pod(string name, string address, string uid = "") => new(new ObjectKey("ns", name), uid, [IpAddress.Parse(address)], name);
}

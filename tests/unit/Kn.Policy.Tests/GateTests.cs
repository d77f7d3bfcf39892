using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

/// <summary>What CNI ADD waits for, and what becomes of addresses that the API does not know.</summary>
public sealed class GateTests
{
    private const string Address = "10.0.1.9";
    private const string Open = "open";
    private static readonly NetworkPolicy DenyAll = PolicyOf("a/deny", """{"podSelector":{}}""");
    private static readonly Namespace Space = Namespace("a");

    [Fact]
    public async Task PodWhoseAddressTheApiDoesNotKnow_HasItsClass_WhenAddReturns()
    {
        await using var run = new GateRun();
        run.Set(Space, DenyAll, Made("a/web", "1"));
        await run.AddAsync(GateRun.Pod("a/web", Address, "1"));
        Assert.StartsWith("in-", run.Ingress(Address), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PodThatIsNotKnownYet_IsWaitedFor_AndNamed()
    {
        await using var run = new GateRun();
        var pod = GateRun.Pod("a/web", Address, "1");
        Assert.Contains("to be known", run.Reason(pod), StringComparison.Ordinal);
        run.Set(Space, DenyAll);
        var add = run.AddAsync(pod);
        await run.SettleAsync();
        Assert.False(add.IsCompleted);
        Assert.Null(run.Ingress(Address));
        Assert.Equal("Pod a/web, which the API server has not told of", run.Reason(pod));
        run.Cache.Apply(ResourceKinds.Pods, ObjectDelta.Set(Made("a/web", "1")));
        await add;
        Assert.StartsWith("in-", run.Ingress(Address), StringComparison.Ordinal);
    }

    /// <summary>The next pod of a StatefulSet has the name of the one before, and other labels maybe.</summary>
    [Fact]
    public async Task PodOfTheSameNameBefore_IsAnotherOne()
    {
        await using var run = new GateRun();
        run.Set(Space, PolicyOf("a/deny", """{"podSelector":{"matchLabels":{"app":"db"}}}"""), Made("a/web", "old", "app=web"));
        var pod = GateRun.Pod("a/web", Address, "new");
        var add = run.AddAsync(pod);
        await run.SettleAsync();
        Assert.False(add.IsCompleted);
        Assert.Null(run.Ingress(Address));
        Assert.Equal("Pod a/web with UID new: the API server has told of one with UID old only", run.Reason(pod));
        run.Cache.Apply(ResourceKinds.Pods, ObjectDelta.Set(Made("a/web", "new", "app=db")));
        await add;
        Assert.StartsWith("in-", run.Ingress(Address), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PodThatIsNotBoundYet_IsWaitedFor()
    {
        await using var run = new GateRun();
        run.Set(Space, DenyAll, Made("a/web", "1") with { NodeName = "" });
        var pod = GateRun.Pod("a/web", Address, "1");
        var add = run.AddAsync(pod);
        await run.SettleAsync();
        Assert.False(add.IsCompleted);
        Assert.Equal("Pod a/web to be on node n1: the API has it on ''", run.Reason(pod));
        run.Cache.Apply(ResourceKinds.Pods, ObjectDelta.Set(Made("a/web", "1")));
        await add;
    }

    /// <summary>At a start the kinds' first lists come one after another: a pod of now with the policies of the last run would be open.</summary>
    [Fact]
    public async Task PoliciesOfTheLastRun_AreNotEnough_ForAPodOfNow()
    {
        await using var run = new GateRun();
        run.Cache.Replace(ResourceKinds.Namespaces, [Space], CacheOrigin.Snapshot);
        run.Cache.Replace(ResourceKinds.NetworkPolicies, [], CacheOrigin.Snapshot);
        run.Cache.Replace(ResourceKinds.Pods, [Made("a/web", "1")]);
        run.Cache.Replace(ResourceKinds.Namespaces, [Space]);
        var pod = GateRun.Pod("a/web", Address, "1");
        var add = run.AddAsync(pod);
        await run.SettleAsync();
        Assert.False(add.IsCompleted);
        Assert.StartsWith("policies that are as new as the pods", run.Reason(pod), StringComparison.Ordinal);
        run.Cache.Replace(ResourceKinds.NetworkPolicies, [DenyAll]);
        await add;
        Assert.StartsWith("in-", run.Ingress(Address), StringComparison.Ordinal);
    }

    /// <summary>Without an API server, pods of the last run get their policies of the last run.</summary>
    [Fact]
    public async Task EverythingOfTheLastRun_IsOfOneTime()
    {
        await using var run = new GateRun();
        run.Cache.Replace(ResourceKinds.Namespaces, [Space], CacheOrigin.Snapshot);
        run.Cache.Replace(ResourceKinds.NetworkPolicies, [DenyAll], CacheOrigin.Snapshot);
        run.Cache.Replace(ResourceKinds.Pods, [Made("a/web", "1")], CacheOrigin.Snapshot);
        await run.AddAsync(GateRun.Pod("a/web", Address, "1"));
        Assert.StartsWith("in-", run.Ingress(Address), StringComparison.Ordinal);
    }

    /// <summary>Nobody can say which labels a pod has that the last run has not heard of. It is let in where they would not matter, and matches no selector.</summary>
    [Theory]
    [InlineData("another namespace")]
    [InlineData("its namespace")]
    [InlineData("everybody")]
    public async Task PodThatTheLastRunHasNotHeardOf_IsLetIn_WhereNothingIsolatesAnyPodOfItsNamespace(string isolated)
    {
        var other = Made("b/web", "2");
        var options = new PolicyOptions { DefaultDeny = new DefaultDenyOptions { Enabled = isolated == "everybody" } };
        await using var run = new GateRun(options: options);
        run.Cache.Replace(ResourceKinds.Namespaces, [Space, new Namespace { Metadata = new ObjectMeta { Name = "b" } }], CacheOrigin.Snapshot);
        run.Cache.Replace(ResourceKinds.NetworkPolicies, [DenyAll], CacheOrigin.Snapshot);
        run.Cache.Replace(ResourceKinds.Pods, [other], CacheOrigin.Snapshot);
        var pod = GateRun.Pod(isolated == "its namespace" ? "a/new" : "b/new", Address, "9");
        var add = run.AddAsync(pod);
        if (isolated == "another namespace")
        {
            await add;
            Assert.Equal("open", run.Ingress(Address));

            // What is heard later counts: its namespace is isolated, and still nobody knows its labels.
            run.Cache.Apply(ResourceKinds.NetworkPolicies, ObjectDelta.Set(DenyAll with { Metadata = DenyAll.Metadata with { Namespace = "b" } }));
            await run.SettleAsync();
            Assert.Null(run.Ingress(Address));
            return;
        }

        await run.SettleAsync();
        Assert.False(add.IsCompleted);
        Assert.Null(run.Ingress(Address));
        Assert.Contains("which the API server has not told of", run.Reason(pod), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KernelThatRefuses_KeepsAddWaiting()
    {
        await using var run = new GateRun();
        run.Set(Space, DenyAll, Made("a/web", "1"));
        await run.WhenConverged;
        var (refusals, pod) = (0, GateRun.Pod("a/web", Address, "1"));
        var enough = new TaskCompletionSource();
        var refuses = true;
        run.Table.Fails = () =>
        {
            if (++refusals == 3)
            {
                enough.SetResult();
            }

            return refuses;
        };
        var add = run.AddAsync(pod);
        await enough.Task;
        Assert.False(add.IsCompleted);
        Assert.Equal("the kernel to take its policies", run.Reason(pod));
        refuses = false;
        await add;
        Assert.StartsWith("in-", run.Ingress(Address), StringComparison.Ordinal);
    }

    /// <summary>The API shows the pod that had the address, running even, when the next one gets it; and goes on to do so.</summary>
    [Fact]
    public async Task AddressThatTheApiGivesToAnotherPod_IsThatPodsThatCniGaveItTo()
    {
        await using var run = new GateRun();
        var before = Made("a/old", "1") with { PodIps = [IpAddress.Parse(Address)] };
        var policy = PolicyOf("a/deny", """{"podSelector":{"matchLabels":{"app":"db"}}}""");
        run.Set(Space, policy, before, Made("a/web", "2", "app=db"));
        await run.WhenConverged;
        Assert.Equal(Open, run.Ingress(Address));
        await run.AddAsync(GateRun.Pod("a/web", Address, "2"));
        Assert.StartsWith("in-", run.Ingress(Address), StringComparison.Ordinal);
        run.Cache.Apply(ResourceKinds.Pods, ObjectDelta.Set(before with { Metadata = before.Metadata with { Labels = Labels("app=x"), CreationTimestamp = DateTimeOffset.UnixEpoch.AddYears(99) } }));
        await run.SettleAsync();
        Assert.StartsWith("in-", run.Ingress(Address), StringComparison.Ordinal);
    }

    /// <summary>A pod whose sandbox was made anew has another address, and the API goes on showing the old one.</summary>
    [Fact]
    public async Task AddressThatAnAttachedPodNoLongerHas_IsTheNextPods()
    {
        await using var run = new GateRun();
        var policy = PolicyOf("a/deny", """{"podSelector":{"matchLabels":{"app":"db"}}}""");
        var again = Made("a/again", "1") with { PodIps = [IpAddress.Parse(Address)] };
        run.Set(Space, policy, again with { Metadata = again.Metadata with { CreationTimestamp = DateTimeOffset.UnixEpoch.AddYears(99) } }, Made("a/web", "2", "app=db"));
        await run.AddAsync(GateRun.Pod("a/again", "10.0.1.10", "1"));
        Assert.Equal(Open, run.Ingress(Address));
        await run.AddAsync(GateRun.Pod("a/web", Address, "2"));
        Assert.StartsWith("in-", run.Ingress(Address), StringComparison.Ordinal);
        Assert.Equal(Open, run.Ingress("10.0.1.10"));
    }

    [Fact]
    public async Task PodThatIsDetached_IsForgotten_UnlessTheApiStillHasIt()
    {
        await using var run = new GateRun();
        var pod = GateRun.Pod("a/web", Address, "1");
        run.Set(Space, DenyAll, Made("a/web", "1"));
        await run.AddAsync(pod);
        run.Attached.Remove(pod.HostLink);
        await run.SettleAsync();
        Assert.Null(run.Ingress(Address));
        await run.AddAsync(pod);
        run.Cache.Apply(ResourceKinds.Pods, ObjectDelta.Set(Made("a/web", "1") with { PodIps = pod.Addresses }));
        run.Attached.Remove(pod.HostLink);
        await run.SettleAsync();
        Assert.StartsWith("in-", run.Ingress(Address), StringComparison.Ordinal);
        run.Cache.Apply(ResourceKinds.Pods, ObjectDelta.Gone(new ObjectKey("a", "web")));
        await run.SettleAsync();
        Assert.Null(run.Ingress(Address));
    }

    /// <summary>A restart finds the pods that CNI adopted in the table, and leaves them there, also those whose address the API has not been told.</summary>
    [Fact]
    public async Task Restart_ChangesNothing()
    {
        var (table, pod) = (new StrictTable(), GateRun.Pod("a/web", Address, "1"));
        KubernetesObject[] cluster = [Space, DenyAll, Made("a/web", "1")];
        await using (var run = new GateRun(table))
        {
            run.Set(cluster);
            await run.AddAsync(pod);
        }

        var sent = table.Batches.Count;
        await using var restarted = new GateRun(table, [pod]);
        restarted.Set(cluster);
        await restarted.WhenConverged;
        await restarted.SettleAsync();
        Assert.StartsWith("in-", restarted.Ingress(Address), StringComparison.Ordinal);
        Assert.Equal(sent, table.Batches.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ContainerThatIsNoPod_IsOpen_UnlessEverybodyIsDenied(bool deny)
    {
        await using var run = new GateRun(options: new PolicyOptions { DefaultDeny = new DefaultDenyOptions { Enabled = deny } });
        run.Set(Space, DenyAll, Made("a/web", "1") with { PodIps = [IpAddress.Parse("10.0.1.8")] });
        await run.AddAsync(GateRun.Pod("a/web", Address) with { Pod = null });
        Assert.Equal(deny, run.Ingress(Address) != Open);
        await run.AddAsync(GateRun.Pod("a/x", "10.0.1.8") with { Pod = null });
        Assert.StartsWith("in-", run.Ingress("10.0.1.8"), StringComparison.Ordinal);
    }

    private static Pod Made(string key, string uid, string labels = "") => Pod(key, "n1", labels) with
    {
        Metadata = new ObjectMeta { Namespace = key.Split('/')[0], Name = key.Split('/')[1], Uid = uid, Labels = Labels(labels) },
        Phase = "Pending",
    };
}

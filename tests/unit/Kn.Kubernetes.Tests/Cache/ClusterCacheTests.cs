using FsCheck;
using FsCheck.Fluent;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Tests.Cache;

public sealed class ClusterCacheTests
{
    private readonly ClusterCache _cache = new();

    [Fact]
    public void AnObjectThatCameAndWent_LeavesNoChange()
    {
        using var queue = _cache.Subscribe(ResourceKinds.Services);
        _cache.Apply(ResourceKinds.Services, ObjectDelta.Set(Samples.Service("a")));
        _cache.Apply(ResourceKinds.Services, ObjectDelta.Gone(new ObjectKey("ns", "a")));
        Assert.Empty(queue.Drain().Changes);
    }

    [Fact]
    public void SeveralWrites_AreOneChange_FromTheFirstBeforeToTheLastAfter()
    {
        _cache.Apply(ResourceKinds.Services, ObjectDelta.Set(Samples.Service("a", "1", 1)));
        using var queue = _cache.Subscribe(ResourceKinds.Services);
        Assert.Equal([new ObjectChange(null, Samples.Service("a", "1", 1))], queue.Drain().Changes);
        _cache.Apply(ResourceKinds.Services, ObjectDelta.Set(Samples.Service("a", "2", 2)));
        _cache.Apply(ResourceKinds.Services, ObjectDelta.Gone(new ObjectKey("ns", "a")), ObjectDelta.Set(Samples.Service("a", "3", 3)));
        var set = queue.Drain();
        Assert.Equal([new ObjectChange(Samples.Service("a", "1", 1), Samples.Service("a", "3", 3))], set.Changes);
        Assert.Same(_cache.Current, set.Snapshot);
    }

    [Fact]
    public void AWriteOfNothingThatKnUses_IsNoChange()
    {
        _cache.Apply(ResourceKinds.Services, ObjectDelta.Set(Samples.Service("a", "1")));
        var (before, version) = (_cache.Current, _cache.Version);
        using var queue = _cache.Subscribe(ResourceKinds.Services);
        queue.Drain();
        _cache.Apply(ResourceKinds.Services, ObjectDelta.Set(Samples.Service("a", "2")));
        Assert.Empty(queue.Drain().Changes);
        Assert.Same(before, _cache.Current);
        Assert.Equal(version, _cache.Version);
        Assert.Equal(1, _cache.Kinds.Single().Counters.Unchanged);
    }

    [Fact]
    public void AQueue_HearsOnlyOfItsKinds()
    {
        using var queue = _cache.Subscribe(ResourceKinds.Nodes);
        _cache.Apply(ResourceKinds.Services, ObjectDelta.Set(Samples.Service("a")));
        Assert.Empty(queue.Drain().Changes);
    }

    [Fact]
    public async Task WaitAsync_CompletesWithTheFirstChange()
    {
        using var queue = _cache.Subscribe(ResourceKinds.Services);
        var wait = queue.WaitAsync(CancellationToken.None).AsTask();
        Assert.False(wait.IsCompleted);
        _cache.Apply(ResourceKinds.Services, ObjectDelta.Set(Samples.Service("a")));
        await wait;
        await queue.WaitAsync(CancellationToken.None);
        Assert.Single(queue.Drain().Changes);
    }

    [Fact]
    public async Task WaitAsync_EndsWhenCancelled()
    {
        using var queue = _cache.Subscribe(ResourceKinds.Services);
        using var stop = new CancellationTokenSource();
        var wait = queue.WaitAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task Synced_MeansEveryWatchedKind()
    {
        _cache.Watch(ResourceKinds.Services, ResourceKinds.Nodes);
        var synced = _cache.WhenSynced(CancellationToken.None);
        _cache.Replace(ResourceKinds.Services, []);
        Assert.False(_cache.IsSynced);
        Assert.Equal(CacheOrigin.None, _cache.Origin);
        _cache.Replace(ResourceKinds.Nodes, []);
        await synced;
        Assert.Equal(CacheOrigin.Api, _cache.Origin);
    }

    [Fact]
    public void Replace_IsOneSnapshot_ThatDiffersOnlyWhereTheObjectsDo()
    {
        using var queue = _cache.Subscribe(ResourceKinds.Services);
        _cache.Replace(ResourceKinds.Services, Enumerable.Range(0, 10_000).Select(static n => Samples.Service($"s{n}")));
        Assert.Equal(1, _cache.Version);
        Assert.Equal(10_000, queue.Drain().Changes.Count);
        var kept = _cache.Current.Services.Find("ns", "s5");
        _cache.Replace(ResourceKinds.Services, Enumerable.Range(1, 10_000).Select(static n => Samples.Service($"s{n}", "9")));
        Assert.Equal(2, _cache.Version);
        var changed = queue.Drain().Changes;
        Assert.Equal(["s0", "s10000"], changed.Select(static change => change.Object.Metadata.Name).Order(StringComparer.Ordinal));
        Assert.Same(kept, _cache.Current.Services.Find("ns", "s5"));
    }

    [Fact]
    public void ACopyDrivenByTheQueue_EqualsTheSnapshot()
    {
        // A step is (what, which object, its content): 0-5 set, 6-7 delete, 8 replace all with a few, 9 drain.
        var step = from what in Gen.Choose(0, 9) from name in Gen.Choose(0, 4) from content in Gen.Choose(1, 3) select (what, name, content);
        Prop.ForAll(step.ListOf().ToArbitrary(), static steps => Check([.. steps])).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    private static bool Check(IReadOnlyList<(int What, int Name, int Content)> steps)
    {
        var cache = new ClusterCache();
        using var queue = cache.Subscribe(ResourceKinds.Services);
        var copy = new Dictionary<ObjectKey, KubernetesObject>();
        var version = 0;
        foreach (var (what, name, content) in steps)
        {
            var item = Samples.Service($"s{name}", $"{++version}", content);
            switch (what)
            {
                case < 6:
                    cache.Apply(ResourceKinds.Services, ObjectDelta.Set(item));
                    break;
                case < 8:
                    cache.Apply(ResourceKinds.Services, ObjectDelta.Gone(item.Key));
                    break;
                case 8:
                    cache.Replace(ResourceKinds.Services, [item, Samples.Service("s9", $"{++version}")]);
                    break;
                default:
                    Follow(copy, queue.Drain());
                    break;
            }
        }

        Follow(copy, queue.Drain());
        return copy.Count == cache.Current.Services.Count && copy.All(entry => Equals(cache.Current.Services.Find(entry.Key), entry.Value));
    }

    private static void Follow(Dictionary<ObjectKey, KubernetesObject> copy, ChangeSet set)
    {
        foreach (var change in set.Changes)
        {
            Assert.NotEqual(change.Before, change.After);
            Assert.Equal(copy.GetValueOrDefault(change.Object.Key), change.Before);
            if (change.After is null)
            {
                copy.Remove(change.Object.Key);
            }
            else
            {
                copy[change.Object.Key] = change.After;
            }
        }

        Assert.Equal(copy.Values.OrderBy(static item => item.Metadata.Name), set.Snapshot.Services.OrderBy(static item => item.Metadata.Name));
    }
}

using FsCheck;
using FsCheck.Fluent;
using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.Hosting.Tests;

public class ReconcileLoopTests
{
    private const int Foreign = 4;
    private static readonly IReadOnlyList<WatchRequest> Watches = [new(ResourceKinds.Namespaces)];

    [Fact]
    public async Task Start_AdoptsWhatIsRight_AndChangesOnlyWhatDiffers()
    {
        var target = new NamespaceTarget();
        target.Tamper("same", new Piece("same=1"));
        target.Tamper("stale", new Piece("stale=0"));
        target.Tamper("foreign", new Piece("foreign=9"));
        var (cache, context) = Cluster(("same", "1"), ("stale", "1"), ("new", "1"));
        await RunAsync(target, context, async loop =>
        {
            await loop.WhenConverged.WaitAsync(TestContexts.Deadline);
            Assert.Equal(3, target.AppliedChanges);
            Assert.Equal(PlanAll(cache.Current), target.State);
        });
    }

    [Fact]
    public async Task Change_PlansItsKeysAlone()
    {
        var target = new NamespaceTarget();
        var (cache, context) = Cluster(("a", "1"), ("b", "1"));
        await RunAsync(target, context, async loop =>
        {
            await loop.WhenConverged.WaitAsync(TestContexts.Deadline);
            target.Planned.Clear();
            cache.Apply(ResourceKinds.Namespaces, ObjectDelta.Set(Space("b", "2")));
            await TestContexts.UntilAsync(() => target.State.Find("b")?.Text == "b=2", "b is changed");
            Assert.Equal(["b"], target.Planned.Distinct());
            Assert.Equal(1, target.Reads);
        });
    }

    [Fact]
    public async Task Latency_IsFromTheOldestWatchEventOfAPass_AndOfWatchEventsAlone()
    {
        var target = new NamespaceTarget();
        var (cache, context) = Cluster(("a", "1"));
        await RunAsync(target, context, async loop =>
        {
            await loop.WhenConverged.WaitAsync(TestContexts.Deadline);
            cache.Apply(ResourceKinds.Namespaces, ObjectDelta.Set(Space("a", "2")));
            await TestContexts.UntilAsync(() => target.State.Find("a")?.Text == "a=2", "a is changed");
            Assert.Contains("kn_reconcile_latency_seconds_count{module=\"test\",target=\"fake\"} 0", context.Metrics.ToPrometheusText(), StringComparison.Ordinal);
            var minutesAgo = context.Time.GetTimestamp() - (3 * 60 * context.Time.TimestampFrequency);
            cache.Apply(ResourceKinds.Namespaces, [ObjectDelta.Set(Space("b", "1"))], minutesAgo);
            cache.Apply(ResourceKinds.Namespaces, [ObjectDelta.Set(Space("c", "1"))], context.Time.GetTimestamp());
            await TestContexts.UntilAsync(() => target.State == PlanAll(cache.Current), "all is in place");
            await TestContexts.UntilAsync(
                () => double.Parse(context.Metrics.ToPrometheusText().Split('\n').Single(static line => line.StartsWith("kn_reconcile_latency_seconds_sum{", StringComparison.Ordinal)).Split(' ')[1]) >= 180,
                "the oldest event's age is told");
        });
    }

    [Fact]
    public async Task PlanThatThrows_KeepsItsPiece_AndStopsNobodyElse()
    {
        var target = new NamespaceTarget();
        var (cache, context) = Cluster(("a", "1"), ("b", "1"));
        await RunAsync(target, context, async loop =>
        {
            await loop.WhenConverged.WaitAsync(TestContexts.Deadline);
            cache.Apply(ResourceKinds.Namespaces, ObjectDelta.Set(Space("a", "throw")), ObjectDelta.Set(Space("b", "2")));
            await TestContexts.UntilAsync(() => target.State.Find("b")?.Text == "b=2", "b is changed");
            Assert.Equal("a=1", target.State.Find("a")?.Text);
            await TestContexts.UntilAsync(() => context.Status.Part("fake").Read().Problems.Count == 1, "the problem is told");
            cache.Apply(ResourceKinds.Namespaces, ObjectDelta.Set(Space("a", "3")));
            await TestContexts.UntilAsync(() => target.State.Find("a")?.Text == "a=3", "a is changed");
            await TestContexts.UntilAsync(() => context.Status.Part("fake").Read().Problems.IsEmpty, "the problem is gone");
        });
    }

    [Fact]
    public async Task Drift_IsRepaired()
    {
        var target = new NamespaceTarget();
        var drift = new Drift();
        var (cache, context) = Cluster(("a", "1"));
        await RunAsync(target, context, async loop =>
        {
            await loop.WhenConverged.WaitAsync(TestContexts.Deadline);
            target.Tamper("a", null);
            target.Tamper("foreign", new Piece("x"));
            drift.Signal.Release();
            await TestContexts.UntilAsync(() => target.State == PlanAll(cache.Current), "the state is repaired");
            Assert.Contains("kn_reconcile_full_pass_seconds_count{module=\"test\",target=\"fake\"} 2", context.Metrics.ToPrometheusText(), StringComparison.Ordinal);
            Assert.Contains("kn_reconcile_repaired_total{module=\"test\",target=\"fake\"} 2", context.Metrics.ToPrometheusText(), StringComparison.Ordinal);
        }, new ReconcileOptions { Drift = drift, DriftSpacing = TimeSpan.Zero });
    }

    [Fact]
    public async Task Drift_IsRepairedFromThePlansOfBefore_WhereNothingElseHasChanged()
    {
        var target = new NamespaceTarget { HangsOnTheClusterAlone = true };
        var drift = new Drift();
        var (cache, context) = Cluster(("a", "1"), ("b", "throw"), ("c", "1"));
        await RunAsync(target, context, async loop =>
        {
            await loop.WhenConverged.WaitAsync(TestContexts.Deadline);
            await TamperAsync("only what could not be planned is planned");
            Assert.Equal(["b"], target.Planned.Distinct());
            target.HangsOnTheClusterAlone = false;
            await TamperAsync("everything is planned again");
            Assert.Equal(["a", "b", "c", "foreign"], target.Planned.Distinct().Order());
        }, new ReconcileOptions { Drift = drift, DriftSpacing = TimeSpan.Zero });

        async Task TamperAsync(string what)
        {
            target.Planned.Clear();
            var reads = target.Reads;
            target.Tamper("a", null);
            target.Tamper("c", new Piece("x"));
            target.Tamper("foreign", new Piece("x"));
            drift.Signal.Release();
            await TestContexts.UntilAsync(() => target.Reads > reads && target.State.Count == 2 && target.State.Find("a")?.Text == "a=1" && target.State.Find("c")?.Text == "c=1", what);
        }
    }

    [Fact]
    public async Task PlanAgain_ReturnsAfterAPassThatBeganLater_AndEndedWell()
    {
        var target = new NamespaceTarget();
        var (cache, context) = Cluster(("a", "1"), ("b", "1"));
        await RunAsync(target, context, async loop =>
        {
            await loop.WhenConverged.WaitAsync(TestContexts.Deadline);
            target.Planned.Clear();
            string? seen = null;
            await loop.PlanAgainAsync("b", () => seen = target.State.Find("b")?.Text, default).WaitAsync(TestContexts.Deadline);
            Assert.Equal(["b"], target.Planned);
            Assert.Equal("b=1", seen);

            // While a pass is at work: the next one counts, and it knows what the cluster asked for at the time of the call.
            using var go = new SemaphoreSlim(0);
            target.Hold = go;
            loop.Touch("a");
            await TestContexts.UntilAsync(() => target.Planned.Contains("a"), "a pass is at work");
            cache.Apply(ResourceKinds.Namespaces, ObjectDelta.Set(Space("b", "2")));
            var again = loop.PlanAgainAsync("a", () => seen = target.State.Find("b")?.Text, default);
            target.Hold = null;
            go.Release();
            await again.WaitAsync(TestContexts.Deadline);
            Assert.Equal("b=2", seen);
        });
    }

    [Fact]
    public async Task PlanAgain_OfAPassThatFails_WaitsForOneThatDoesNot()
    {
        var target = new NamespaceTarget();
        var (cache, context) = Cluster(("a", "1"));
        await RunAsync(target, context, async loop =>
        {
            await loop.WhenConverged.WaitAsync(TestContexts.Deadline);
            target.FailAtRandom(seed: 7, 0.9);
            cache.Apply(ResourceKinds.Namespaces, ObjectDelta.Set(Space("a", "2")));
            string? seen = null;
            await loop.PlanAgainAsync("a", () => seen = target.State.Find("a")?.Text, default).WaitAsync(TestContexts.Deadline);
            Assert.Equal("a=2", seen);
        }, new ReconcileOptions { FirstBackoff = TimeSpan.FromMilliseconds(1), LongestBackoff = TimeSpan.FromMilliseconds(2) });
    }

    [Fact]
    public async Task Cancellation_LeavesTheState()
    {
        var target = new NamespaceTarget();
        var (cache, context) = Cluster(("a", "1"));
        await RunAsync(target, context, loop => loop.WhenConverged.WaitAsync(TestContexts.Deadline));
        Assert.Equal(PlanAll(cache.Current), target.State);
    }

    [Fact]
    public void AnyChangesWithFailures_EndAsPlannedFromNothing()
    {
        var step = Gen.Choose(0, 7).Zip(Gen.Choose(0, Foreign), static (name, value) => (Name: $"n{name}", Value: value));
        var property = Prop.ForAll(step.ArrayOf().Zip(Gen.Choose(0, int.MaxValue - 1)).ToArbitrary(), static input =>
        {
            var (steps, seed) = input;
            return WalkAsync(steps, seed).GetAwaiter().GetResult();
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), property);
    }

    private static async Task<bool> WalkAsync((string Name, int Value)[] steps, int seed)
    {
        var drift = new Drift();
        var target = new NamespaceTarget { HangsOnTheClusterAlone = seed % 2 == 0 };
        target.Tamper("left", new Piece("over"));
        target.FailAtRandom(seed, 0.2);
        var (cache, context) = Cluster();
        var options = new ReconcileOptions { FirstBackoff = TimeSpan.FromMilliseconds(1), LongestBackoff = TimeSpan.FromMilliseconds(2), Drift = drift, DriftSpacing = TimeSpan.Zero };
        await RunAsync(target, context, async loop =>
        {
            foreach (var (name, value) in steps)
            {
                if (value == Foreign)
                {
                    target.Tamper(name, new Piece("foreign"));
                    drift.Signal.Release();
                    await Task.Yield();
                    continue;
                }

                var delta = value == 0 ? ObjectDelta.Gone(new ObjectKey("", name)) : ObjectDelta.Set(Space(name, value.ToString()));
                cache.Apply(ResourceKinds.Namespaces, delta);
                await Task.Yield();
            }

            await TestContexts.UntilAsync(() => target.State == PlanAll(cache.Current), $"the walk with seed {seed} is in place");
        }, options);
        return true;
    }

    private static async Task RunAsync(NamespaceTarget target, ModuleContext context, Func<ReconcileLoop<string, Piece>, Task> act, ReconcileOptions? options = null)
    {
        var loop = new ReconcileLoop<string, Piece>(target, Watches, context, options);
        using var stop = new CancellationTokenSource();
        var run = loop.RunAsync(stop.Token);
        await act(loop);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    private static (ClusterCache Cache, ModuleContext Context) Cluster(params (string Name, string Value)[] spaces)
    {
        var cache = new ClusterCache();
        cache.Watch(ResourceKinds.Namespaces);
        cache.Replace(ResourceKinds.Namespaces, spaces.Select(static space => Space(space.Name, space.Value)));
        return (cache, TestContexts.Context(cache));
    }

    private static Namespace Space(string name, string value) =>
        new() { Metadata = new ObjectMeta { Name = name, Labels = Kn.Primitives.ValueMap.Of(("value", value)) } };

    private static Kn.Primitives.ValueMap<string, Piece> PlanAll(ClusterSnapshot cluster) =>
        Kn.Primitives.ValueMap.ToValueMap(cluster.Namespaces.Select(static space => KeyValuePair.Create(space.Metadata.Name, NamespaceTarget.PieceOf(space))));

    private sealed record Piece(string Text);

    private sealed class Drift : IDriftSource
    {
        internal SemaphoreSlim Signal { get; } = new(0);

        public Task WaitForDriftAsync(CancellationToken cancellationToken) => Signal.WaitAsync(cancellationToken);
    }

    private sealed class NamespaceTarget : FakeTarget<string, Piece>
    {
        internal System.Collections.Concurrent.ConcurrentQueue<string> Planned { get; } = [];

        internal bool HangsOnTheClusterAlone { get; set; }

        public override bool PlansMayDiffer => !HangsOnTheClusterAlone;

        public override IEnumerable<string> Keys(ClusterSnapshot cluster) => cluster.Namespaces.Select(static space => space.Metadata.Name);

        public override void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<string> keys) => keys.Add(change.Object.Metadata.Name);

        internal SemaphoreSlim? Hold { get; set; }

        public override Piece? Plan(ClusterSnapshot cluster, string key, Problems problems)
        {
            Planned.Enqueue(key);
            Hold?.Wait();
            var space = cluster.Namespaces.Find(key);
            return space is null ? null
                : space.Metadata.Labels.Find("value") == "throw" ? throw new FormatException("a bad object")
                : PieceOf(space);
        }

        internal static Piece PieceOf(Namespace space) => new($"{space.Metadata.Name}={space.Metadata.Labels.Find("value")}");
    }
}

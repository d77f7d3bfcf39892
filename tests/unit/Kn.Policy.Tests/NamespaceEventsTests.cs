using Kn.Hosting.Events;
using Kn.Hosting.Metrics;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Objects;
using Kn.Policy.Planning;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

public sealed class NamespaceEventsTests
{
    private readonly Heard _events = new();

    [Fact]
    public async Task Annotation_IsToldOnce_AndAgainWhenItComesBack()
    {
        var reporter = new PolicyReporter(new PolicyMetrics(new MetricRegistry()), NullLogger.Instance, new NamespaceEvents(_events, "n1"));
        var loop = new TestLoop(new StrictTable(), reporter);
        await loop.ResyncAsync(ClusterSnapshot.Of(Annotated("old", "DefaultDeny"), Annotated("other", "None"), Namespace("new")));
        await loop.ResyncAsync(loop.Cluster);
        await loop.ChangeAsync(loop.Cluster.With(Annotated("old", "DefaultDeny") with { Metadata = Annotated("old", "DefaultDeny").Metadata with { Labels = Labels("a=b") } }));
        var item = Assert.Single(_events.Items);
        Assert.Equal(new EventSubject("v1", "Namespace", new ObjectKey("", "old"), "uid-old"), item.Regarding);
        Assert.Equal(("default", true, "DeprecatedNetworkPolicyAnnotation"), (item.Regarding.Namespace, item.IsWarning, item.Reason));
        Assert.Contains("NetworkPolicy (networking.k8s.io/v1)", item.Message, StringComparison.Ordinal);
        await loop.ChangeAsync(loop.Cluster.With(Namespace("old")));
        await loop.ChangeAsync(loop.Cluster.With(Annotated("old", "DefaultDeny")));
        Assert.Equal(2, _events.Items.Count);
    }

    [Fact]
    public void OfManyNodes_OneSaysSo()
    {
        var cluster = ClusterSnapshot.Of(Enumerable.Range(0, 5).Select(static number => Node($"n{number}") with { Ready = number > 0 })
            .Concat<KubernetesObject>(Enumerable.Range(0, 20).Select(static number => Annotated($"old{number}", "DefaultDeny"))));
        for (var number = 0; number < 5; number++)
        {
            new NamespaceEvents(_events, $"n{number}").SeeAll(cluster);
        }

        Assert.Equal(20, _events.Items.Select(static item => item.Regarding.Key.Name).Distinct().Count());
        Assert.Equal(20, _events.Items.Count);
    }

    private static Namespace Annotated(string name, string isolation) => new()
    {
        Metadata = new ObjectMeta { Name = name, Uid = $"uid-{name}", Annotations = ValueMap.Of((NamespaceIsolation.Annotation, $$$"""{"ingress":{"isolation":"{{{isolation}}}"}}""")) },
    };

    private sealed class Heard : IEventRecorder
    {
        public List<ClusterEvent> Items { get; } = [];

        public void Record(ClusterEvent item) => Items.Add(item);
    }
}

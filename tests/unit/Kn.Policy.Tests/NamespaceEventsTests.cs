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
    public void Annotation_IsToldOnce_AndAgainWhenItComesBack()
    {
        var reporter = new PolicyReporter(new PolicyMetrics(new MetricRegistry()), NullLogger.Instance, new NamespaceEvents(_events, "n1"));
        var target = new PolicyTarget(new StrictTable(), new PolicyNode { Name = "n1" }, reporter);
        var old = Annotated("old", "DefaultDeny");
        var cluster = ClusterSnapshot.Of(old, Annotated("other", "None"), Namespace("new"));
        target.Keys(cluster);
        target.Keys(cluster);
        Change(old with { Metadata = old.Metadata with { Labels = Labels("a=b") } });
        var item = Assert.Single(_events.Items);
        Assert.Equal(new EventSubject("v1", "Namespace", new ObjectKey("", "old"), "uid-old"), item.Regarding);
        Assert.Equal(("default", true, "DeprecatedNetworkPolicyAnnotation"), (item.Regarding.Namespace, item.IsWarning, item.Reason));
        Assert.Contains("NetworkPolicy (networking.k8s.io/v1)", item.Message, StringComparison.Ordinal);
        Change(Namespace("old"));
        Change(old);
        Assert.Equal(2, _events.Items.Count);

        void Change(Namespace to)
        {
            var before = cluster.Namespaces.Find("old");
            cluster = cluster.With(to);
            target.AddAffectedKeys(cluster, new ObjectChange(before, to), new HashSet<PolicyKey>());
        }
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

using System.Text;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Planning;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Planning;

public sealed class PlanTests
{
    private static readonly ClassRules s_classes = new("kn", WithoutClass: false);

    [Theory]
    [InlineData("kn", null, true)]
    [InlineData("other", null, false)]
    [InlineData("missing", null, false)]
    [InlineData("other", "kn", true)]
    [InlineData("kn", "other", false)]
    [InlineData(null, "kn", true)]
    [InlineData(null, "nginx", false)]
    [InlineData(null, null, false)]
    [InlineData("", null, false)]
    public void Class_IsNamed_AndTheAnnotationWins(string? name, string? annotation, bool isOurs)
    {
        var cluster = ClusterSnapshot.Of(Build.Class("kn"), Build.Class("other", "example.org/x"));
        var ingress = Build.Ingress("i") with { ClassName = name };
        ingress = ingress with { Metadata = ingress.Metadata with { Annotations = annotation is null ? default : ValueMap.Of((ClassRules.LegacyAnnotation, annotation)) } };
        Assert.Equal(isOurs, s_classes.IsOurs(cluster, ingress));
    }

    [Fact]
    public void AnnotatedClass_NeedsNoObject_ButOneThereDecides()
    {
        var ingress = Build.Ingress("i") with { ClassName = null };
        ingress = ingress with { Metadata = ingress.Metadata with { Annotations = ValueMap.Of((ClassRules.LegacyAnnotation, "kn")) } };
        Assert.True(s_classes.IsOurs(ClusterSnapshot.Empty, ingress));
        Assert.False(s_classes.IsOurs(ClusterSnapshot.Of(Build.Class("kn", "example.org/x")), ingress));
    }

    [Fact]
    public void DefaultClass_IsForThoseThatNameNone_AndTheOldestIsIt()
    {
        var ingress = Build.Ingress("i") with { ClassName = null };
        Assert.True(s_classes.IsOurs(ClusterSnapshot.Of(Build.Class("kn", isDefault: true)), ingress));
        Assert.True(s_classes.IsOurs(ClusterSnapshot.Of(Build.Class("kn", isDefault: true, age: 2), Build.Class("a", "x/y", isDefault: true, age: 1)), ingress));
        Assert.False(s_classes.IsOurs(ClusterSnapshot.Of(Build.Class("kn", isDefault: true, age: 1), Build.Class("z", "x/y", isDefault: true, age: 2)), ingress));
        Assert.False(s_classes.IsOurs(ClusterSnapshot.Empty, ingress));
        Assert.True((s_classes with { WithoutClass = true }).IsOurs(ClusterSnapshot.Empty, ingress));
    }

    [Fact]
    public void SamePath_TheOlderHasIt_ThenTheFirstByName_AndTheOtherIsTold()
    {
        var cluster = ClusterSnapshot.Of(
            Build.Class("kn"),
            Build.Ingress("young", Build.Rule("a.org", Build.Prefix("/x", "young"))),
            Build.Ingress("old", Build.Rule("A.ORG", Build.Prefix("/x/", "old"))).Aged(5),
            Build.Ingress("b", Build.Rule("a.org", Build.Exact("/x", "b"))),
            Build.Ingress("c", Build.Rule("a.org", Build.Exact("/x", "c"), Build.Prefix("/y", "c"))));
        var problems = new Problems();
        var piece = HostPlan.Plan(cluster, "a.org", s_classes, problems)!;
        Assert.Equal(
            [("/x", PathMatch.Exact, "b"), ("/x", PathMatch.Prefix, "old"), ("/y", PathMatch.Prefix, "c")],
            piece.Rules.Select(static rule => (rule.Path, rule.Match, rule.Backend!.Value.Service.Name)));
        Assert.Equal(["c", "young"], problems.All.Select(static problem => problem.Key.Name).Order());
        Assert.Contains("Ingress ns/old", problems.All.Single(static problem => problem.Key.Name == "young").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DefaultBackend_IsForItsOwnHosts_AndForAllWhereThereAreNone()
    {
        var cluster = ClusterSnapshot.Of(
            Build.Class("kn"),
            Build.Ingress("own", Build.Rule("a.org", Build.Prefix("/x"))) with { DefaultBackend = new IngressBackend("own", 80) },
            Build.Ingress("all") with { DefaultBackend = new IngressBackend("all", 80) });
        Assert.Equal("own", HostPlan.Plan(cluster, "a.org", s_classes, new Problems())!.Fallback!.Backend!.Value.Service.Name);
        Assert.Equal("all", HostPlan.Plan(cluster, "", s_classes, new Problems())!.Fallback!.Backend!.Value.Service.Name);
    }

    [Fact]
    public void RuleWithoutPaths_LeadsAllToTheDefaultBackend()
    {
        var cluster = ClusterSnapshot.Of(Build.Class("kn"), Build.Ingress("i", Build.Rule("a.org")) with { DefaultBackend = new IngressBackend("d", 80) });
        var piece = HostPlan.Plan(cluster, "a.org", s_classes, new Problems())!;
        Assert.True(piece.Rules.IsEmpty);
        Assert.Equal("d", piece.Fallback!.Backend!.Value.Service.Name);
    }

    [Fact]
    public void WhatCannotBeDone_IsTold_AndAffectsNothingElse()
    {
        var cluster = ClusterSnapshot.Of(
            Build.Class("kn"),
            Build.Ingress(
                "i",
                Build.Rule("a.org", Build.Prefix("relative"), Build.Prefix("/a/../b"), Build.Prefix("/ok"), new IngressPath("/r", IngressPathType.Exact, new IngressBackend(Resource: "Bucket/b")), new IngressPath("/n", IngressPathType.Exact, new IngressBackend("s")))),
            Build.Ingress("j", Build.Rule("a.*.org", Build.Prefix("/"))));
        var problems = new Problems();
        var piece = HostPlan.Plan(cluster, "a.org", s_classes, problems)!;
        Assert.Equal(["/n", "/ok", "/r"], piece.Rules.Select(static rule => rule.Path));
        Assert.Equal(["/ok"], piece.Rules.Where(static rule => rule.Backend is not null).Select(static rule => rule.Path));
        Assert.Equal(4, problems.All.Count);
        Assert.Null(HostPlan.Plan(cluster, "a.*.org", s_classes, problems));
        Assert.Equal("j", problems.All[^1].Key.Name);
    }

    [Fact]
    public void Endpoints_AreTheReadyOnes_ElseThoseThatServeOn()
    {
        ValueList<EndpointPort> ports = [new("http", IpProtocol.Tcp, 8080), new("admin", IpProtocol.Tcp, 9090)];
        var service = Build.Service("web", new ServicePort("http", IpProtocol.Tcp, 80, 0), new ServicePort("admin", IpProtocol.Tcp, 81, 0), new ServicePort("u", IpProtocol.Udp, 82, 0));
        var cluster = ClusterSnapshot.Of(
            service,
            Build.Slice("web", "s1", ports, Build.Endpoint("10.0.0.2"), Build.Endpoint("10.0.0.1"), Build.Endpoint("10.0.0.3", ready: false, serving: true, terminating: true)),
            Build.Slice("web", "s2", [new("http", IpProtocol.Tcp, 8081)], Build.Endpoint("10.0.0.9")),
            Build.Slice("web", "s6", ports, Build.Endpoint("fd00::1")));
        var piece = ServicePlan.Plan(cluster, service.Key)!;
        Assert.Equal([(80, "http"), (81, "admin")], piece.Ports.Select(static port => ((int)port.Number, port.Name)));
        Assert.Equal(["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.9:8081"], Texts(piece.Find(new BackendRef(service.Key, 80, ""))));
        Assert.Equal(["10.0.0.1:9090", "10.0.0.2:9090"], Texts(piece.Find(new BackendRef(service.Key, 0, "admin"))));
        Assert.Empty(Texts(piece.Find(new BackendRef(service.Key, 82, ""))));

        cluster = ClusterSnapshot.Of(service, Build.Slice("web", "s1", ports, Build.Endpoint("10.0.0.3", ready: false, serving: true, terminating: true), Build.Endpoint("10.0.0.4", ready: false, serving: false)));
        Assert.Equal(["10.0.0.3:8080"], Texts(ServicePlan.Plan(cluster, service.Key)!.Find(new BackendRef(service.Key, 80, ""))));
        cluster = ClusterSnapshot.Of(service, Build.Slice("web", "s6", ports, Build.Endpoint("fd00::1")));
        Assert.Equal(["fd00::1:8080"], Texts(ServicePlan.Plan(cluster, service.Key)!.Find(new BackendRef(service.Key, 80, ""))));
        Assert.Null(ServicePlan.Plan(ClusterSnapshot.Empty, service.Key));
    }

    [Fact]
    public async Task AnySequenceOfChanges_EndsInWhatPlanningFromNothingGives()
    {
        var random = new Random(20260103);
        for (var round = 0; round < 40; round++)
        {
            var cluster = ClusterSnapshot.Empty;
            var loop = new Loop();
            for (var step = 0; step < 40; step++)
            {
                var before = cluster;
                cluster = RandomClusters.Change(cluster, random, out var change);
                if (!ReferenceEquals(before, cluster))
                {
                    await loop.ChangeAsync(cluster, change);
                }
            }

            var fresh = new Loop();
            await fresh.AllAsync(cluster);
            Assert.Equal(fresh.Routes.Pieces, loop.Routes.Pieces);
            Assert.Equal(fresh.Routes.EndpointCount, loop.Routes.EndpointCount);
            foreach (var host in RandomClusters.Hosts)
            {
                foreach (var path in RandomClusters.Paths)
                {
                    var (one, other) = (Find(fresh, host, path), Find(loop, host, path));
                    Assert.Equal(one?.Rule, other?.Rule);
                    Assert.Equal(one?.Upstream?.Endpoints.Select(static endpoint => endpoint.ToString()), other?.Upstream?.Endpoints.Select(static endpoint => endpoint.ToString()));
                }
            }
        }
    }

    [Fact]
    public async Task OneIngressOfThousands_ChangesOneHost()
    {
        var cluster = ClusterSnapshot.Of([Build.Class("kn"), .. Enumerable.Range(0, 5000).Select(static number => Build.Ingress($"i{number}", Build.Rule($"h{number}.org", Build.Prefix("/"))))]);
        var loop = new Loop();
        await loop.AllAsync(cluster);
        var kept = Find(loop, "h7.org", "/");
        var after = Build.Ingress("i42", Build.Rule("h42.org", Build.Prefix("/new")));
        var change = new ObjectChange(cluster.Ingresses.Find("ns", "i42"), after);
        cluster = cluster.With(after);
        Assert.Equal([RouteKey.Of("h42.org"), RouteKey.Of(new ObjectKey("ns", "web"))], loop.KeysOf(cluster, change).OrderBy(static key => key.Host is null));
        await loop.ChangeAsync(cluster, change);
        Assert.Null(Find(loop, "h42.org", "/"));
        Assert.Equal("/new", Find(loop, "h42.org", "/new")!.Rule.Path);
        Assert.Same(kept, Find(loop, "h7.org", "/"));
    }

    private static Route? Find(Loop loop, string host, string path) => loop.Routes.Current.Find(Encoding.UTF8.GetBytes(host), Encoding.UTF8.GetBytes(path));

    private static IEnumerable<string> Texts(ValueList<EndpointAddress> endpoints) => endpoints.Select(static endpoint => $"{endpoint.Address}:{endpoint.Port}");

    /// <summary>The reconcile loop, one step at a time.</summary>
    private sealed class Loop
    {
        private readonly Dictionary<RouteKey, RoutePiece> _applied = [];
        private readonly RouteTarget _target;

        public Loop() => _target = new RouteTarget(Routes, s_classes);

        public LiveRoutes Routes { get; } = new();

        public HashSet<RouteKey> KeysOf(ClusterSnapshot cluster, ObjectChange change)
        {
            var keys = new HashSet<RouteKey>();
            _target.AddAffectedKeys(cluster, change, keys);
            return keys;
        }

        public Task AllAsync(ClusterSnapshot cluster) => ApplyAsync(cluster, _target.Keys(cluster).ToHashSet());

        public Task ChangeAsync(ClusterSnapshot cluster, ObjectChange change) => ApplyAsync(cluster, KeysOf(cluster, change));

        private async Task ApplyAsync(ClusterSnapshot cluster, HashSet<RouteKey> keys)
        {
            var changes = new List<Change<RouteKey, RoutePiece>>();
            foreach (var key in keys)
            {
                var (before, after) = (_applied.GetValueOrDefault(key), _target.Plan(cluster, key, new Problems()));
                if (!Equals(before, after))
                {
                    changes.Add(new(key, before, after));
                    if (after is null)
                    {
                        _applied.Remove(key);
                    }
                    else
                    {
                        _applied[key] = after;
                    }
                }
            }

            await _target.ApplyAsync(new Changes<RouteKey, RoutePiece>(changes), default);
        }
    }
}

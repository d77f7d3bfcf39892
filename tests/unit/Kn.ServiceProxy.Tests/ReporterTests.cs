using Kn.Hosting.Events;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Objects;
using Microsoft.Extensions.Logging.Abstractions;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.Tests;

/// <summary>What dashboards and owners of Services are told.</summary>
public class ReporterTests : IEventRecorder
{
    private readonly Clock _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly MetricRegistry _metrics = new();
    private readonly List<ClusterEvent> _events = [];
    private readonly TestLoop _loop;

    public ReporterTests()
    {
        var reporter = new ProxyReporter(new ServiceProxyMetrics(_metrics), new ModuleStatus("serviceProxy"), new ServiceEvents(this, "n1"), NullLogger.Instance, _clock);
        _loop = new TestLoop(new StrictProxyTable(), observer: reporter);
    }

    [Fact]
    [Conformance("services", "Metrics")]
    public async Task NetworkProgrammingDuration_IsFromTheChangeOfThePodToTheKernel()
    {
        var cluster = Cluster(Service("web", 10), Slice("web", "a", To(8080), At("10.244.2.1")));
        await _loop.ResyncAsync(cluster);
        Assert.Equal("0", Metric("kubeproxy_network_programming_duration_seconds_count"));
        var triggered = _clock.Now + TimeSpan.FromSeconds(5);
        _clock.Now += TimeSpan.FromSeconds(7);
        await _loop.ChangeAsync(cluster.With(Slice("web", "a", To(8080), At("10.244.2.2")) with { Triggered = new ChangeMoment(triggered) }));
        Assert.Equal(("1", "2"), (Metric("kubeproxy_network_programming_duration_seconds_count"), Metric("kubeproxy_network_programming_duration_seconds_sum")));
        Assert.Equal("1", Metric("kubeproxy_network_programming_duration_seconds_bucket{le=\"2\"}"));
        Assert.Equal("0", Metric("kubeproxy_network_programming_duration_seconds_bucket{le=\"1\"}"));
        Assert.Equal("1", Metric("kubeproxy_network_programming_duration_seconds_bucket{le=\"300\"}"));
    }

    /// <summary>Services and EndpointSlices are watched apart: which comes first is chance.</summary>
    [Fact]
    public async Task SliceThatComesBeforeItsService_IsMeasured()
    {
        var cluster = Cluster(Service("web", 10));
        await _loop.ResyncAsync(cluster);
        var triggered = new ChangeMoment(_clock.Now + TimeSpan.FromSeconds(5));
        _clock.Now += TimeSpan.FromSeconds(7);
        await _loop.ChangeAsync(cluster.With(Slice("api", "a", To(8080), At("10.244.2.2")) with { Triggered = triggered }));
        Assert.Equal("0", Metric("kubeproxy_network_programming_duration_seconds_count"));
        await _loop.ChangeAsync(_loop.Cluster.With(Service("api", 11)));
        Assert.Equal(("1", "2"), (Metric("kubeproxy_network_programming_duration_seconds_count"), Metric("kubeproxy_network_programming_duration_seconds_sum")));
    }

    [Fact]
    public async Task WhatBeganBeforeTheAgent_OrChangedNothing_IsNotMeasured()
    {
        var cluster = Cluster(Service("web", 10), Slice("web", "a", To(8080), At("10.244.2.1")));
        await _loop.ResyncAsync(cluster);
        var early = new ChangeMoment(_clock.Now - TimeSpan.FromHours(1));
        await _loop.ChangeAsync(cluster.With(Slice("web", "a", To(8080), At("10.244.2.2")) with { Triggered = early }));
        var late = new ChangeMoment(_clock.Now + TimeSpan.FromSeconds(1));
        await _loop.ChangeAsync(_loop.Cluster.With(Slice("web", "a", To(8080), At("10.244.2.2") with { Zone = "east" }) with { Triggered = late }));
        await _loop.ChangeAsync(_loop.Cluster.With(Service("web", 11)));
        Assert.Equal("0", Metric("kubeproxy_network_programming_duration_seconds_count"));
    }

    [Fact]
    [Conformance("services", "Metrics")]
    public async Task SyncMetrics_CountChangesAndTransactions_UnderKubeProxysNames()
    {
        var cluster = Cluster(Service("web", 10), Slice("web", "a", To(8080), At("10.244.2.1")));
        await _loop.ResyncAsync(cluster);
        await _loop.ChangeAsync(cluster.With(Slice("web", "a", To(8080), At("10.244.2.2"))));
        await _loop.ChangeAsync(_loop.Cluster.With(Service("more", 11)));
        Assert.Equal("3", Metric("kubeproxy_sync_proxy_rules_duration_seconds_count"));
        Assert.Equal(("1", "2"), (Metric("kubeproxy_sync_full_proxy_rules_duration_seconds_count"), Metric("kubeproxy_sync_partial_proxy_rules_duration_seconds_count")));
        Assert.Equal(("1", "0"), (Metric("kubeproxy_sync_proxy_rules_endpoint_changes_total"), Metric("kubeproxy_sync_proxy_rules_endpoint_changes_pending")));
        Assert.Equal(("1", "0"), (Metric("kubeproxy_sync_proxy_rules_service_changes_total"), Metric("kubeproxy_sync_proxy_rules_service_changes_pending")));
        Assert.Equal(_clock.Now.ToUnixTimeSeconds().ToString(), Metric("kubeproxy_sync_proxy_rules_last_timestamp_seconds"));
        Assert.Equal(_clock.Now.ToUnixTimeSeconds().ToString(), Metric("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds"));
    }

    [Fact]
    [Conformance("services", "Metrics")]
    public async Task NoLocalEndpoints_CountsPortsOfPolicyLocal_WhoseEndpointsAreElsewhere()
    {
        var away = Slice("web", "a", To(8080), At("10.244.2.1"));
        var web = Service("web", 10, Tcp(80, 30080)) with { Type = "NodePort", ExternalTrafficPolicyLocal = true, InternalTrafficPolicyLocal = true };
        await _loop.ResyncAsync(Cluster(web, away));
        Assert.Equal(("1", "1"), (NoLocal("internal"), NoLocal("external")));
        await _loop.ResyncAsync(Cluster(web, away));
        Assert.Equal(("1", "1"), (NoLocal("internal"), NoLocal("external")));
        await _loop.ChangeAsync(_loop.Cluster.With(web with { InternalTrafficPolicyLocal = false }));
        Assert.Equal(("0", "1"), (NoLocal("internal"), NoLocal("external")));
        await _loop.ChangeAsync(_loop.Cluster.With(Slice("web", "a", To(8080), At("10.244.1.1", "n1"))));
        Assert.Equal(("0", "0"), (NoLocal("internal"), NoLocal("external")));
    }

    [Fact]
    [Conformance("services", "Labels and annotations")]
    public async Task DirectServerReturn_IsAnEventThatSaysItIsNotThere_Once()
    {
        var service = Annotated(Service("web", 10), "kube-router.io/service.dsr", "tunnel");
        await _loop.ResyncAsync(Cluster(service));
        await _loop.ResyncAsync(Cluster(service));
        await _loop.ChangeAsync(Cluster(service with { ExternalName = "x" }));
        var told = Assert.Single(_events);
        Assert.Equal((true, "DirectServerReturnNotSupported", service.Key), (told.IsWarning, told.Reason, told.Regarding.Key));
        await _loop.ChangeAsync(Cluster(Service("web", 10)));
        await _loop.ChangeAsync(Cluster(service));
        Assert.Equal(2, _events.Count);
    }

    [Fact]
    public void OneReadyNode_TellsOfAService()
    {
        Node[] nodes = [.. Enumerable.Range(1, 5).Select(static number => Node($"n{number}") with { Ready = number != 3 })];
        var services = Enumerable.Range(0, 40).Select(static number => Annotated(Service($"s{number}", 1), "kube-router.io/service.dsr", "tunnel")).ToArray();
        var cluster = Kubernetes.Cache.ClusterSnapshot.Of([.. nodes, .. services]);
        foreach (var node in nodes)
        {
            new ServiceEvents(this, node.Metadata.Name).SeeAll(cluster);
        }

        Assert.Equal(
            services.Select(static service => service.Metadata.Name).Order(StringComparer.Ordinal),
            _events.Select(static told => told.Regarding.Key.Name).Order(StringComparer.Ordinal));
    }

    void IEventRecorder.Record(ClusterEvent item) => _events.Add(item);

    private string NoLocal(string policy) => Metric($"kubeproxy_sync_proxy_rules_no_local_endpoints_total{{traffic_policy=\"{policy}\"}}");

    private string Metric(string name) =>
        _metrics.ToPrometheusText().Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..];
}

using System.Globalization;
using Kn.E2E.Tests.Framework;

namespace Kn.E2E.Tests.Services;

/// <summary>Metrics under kube-proxy's names, as a scrape of the agent sees them. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class MetricTests(ServicesLab lab)
{
    private const int Port = 10275;

    [Fact]
    [Conformance("services", "Metrics")]
    public async Task SyncMetrics_CountChangesAndTransactions_UnderKubeProxysNames()
    {
        string[] names =
        [
            "kubeproxy_sync_proxy_rules_duration_seconds_count", "kubeproxy_sync_partial_proxy_rules_duration_seconds_count",
            "kubeproxy_sync_proxy_rules_endpoint_changes_total", "kubeproxy_sync_proxy_rules_service_changes_total",
        ];
        var before = await ReadAsync(names);
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("a");
        await web.ServeAsync("b");
        await lab.SettleAsync(1);
        var after = await ReadAsync(names);
        Assert.All(names, name => Assert.True(after[name] > before[name], $"{name}: {before[name]}, then {after[name]}"));
        var times = await ReadAsync("kubeproxy_sync_proxy_rules_last_timestamp_seconds", "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds");
        Assert.All(times, static pair => Assert.True(pair.Value > 0, pair.Key));

        // An agent that adopted a whole table has never made one.
        Assert.True((await ReadAsync("kubeproxy_sync_full_proxy_rules_duration_seconds_count")).Values.Single() >= 0);
        Assert.Equal(0, (await ReadAsync("kubeproxy_sync_proxy_rules_nftables_sync_failures_total"))["kubeproxy_sync_proxy_rules_nftables_sync_failures_total"]);
    }

    [Fact]
    [Conformance("services", "Metrics")]
    public async Task NetworkProgrammingDuration_IsFromTheChangeOfThePodToTheKernel()
    {
        const string Count = "kubeproxy_network_programming_duration_seconds_count";
        var before = (await ReadAsync(Count))[Count];
        await using var web = await lab.ServiceAsync();
        var time = TimeProvider.System.GetUtcNow().AddSeconds(-1).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        await lab.CreateAllAsync(
            ServicesLab.Space,
            $$"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: {{web.Name}}-timed, labels: {kubernetes.io/service-name: {{web.Name}} }, annotations: {endpoints.kubernetes.io/last-change-trigger-time: "{{time}}"} }
            addressType: IPv4
            ports: [{name: http, port: 8080, protocol: TCP}]
            endpoints: [{addresses: ["{{lab.Pod("a")}}"], conditions: {ready: true} }]
            """);
        await LabFixture.UntilAsync("one more duration", async () => (await ReadAsync(Count))[Count] > before);
        await lab.Client.EnsureDeletedAsync(Lab.Api.ApiResources.EndpointSlices, ServicesLab.Space, $"{web.Name}-timed", null, CancellationToken.None);
    }

    [Fact]
    [Conformance("services", "Metrics")]
    public async Task NoLocalEndpoints_CountsPortsOfPolicyLocal_WhoseEndpointsAreElsewhere()
    {
        const string External = "kubeproxy_sync_proxy_rules_no_local_endpoints_total{traffic_policy=\"external\"}";
        var before = (await ReadAsync(External))[External];
        await using var web = await lab.ServiceAsync("type: NodePort, externalTrafficPolicy: Local, ports: [{name: http, port: 80}]");
        await web.ServeAsync("b");
        await LabFixture.UntilAsync("counted", async () => (await ReadAsync(External))[External] > before);
        await web.ServeAsync("a");
        await LabFixture.UntilAsync("no more", async () => (await ReadAsync(External))[External] <= before);
    }

    private async Task<Dictionary<string, double>> ReadAsync(params string[] names)
    {
        var lines = (await lab.RunAsync("node1", "curl", "-sS", "--noproxy", "*", $"http://127.0.0.1:{Port}/metrics")).Split('\n');
        return names.ToDictionary(
            static name => name,
            name => double.Parse(lines.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..], CultureInfo.InvariantCulture),
            StringComparer.Ordinal);
    }
}

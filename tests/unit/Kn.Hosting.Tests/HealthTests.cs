using System.Net;
using Kn.Hosting.Health;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Tests;

namespace Kn.Hosting.Tests;

#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class HealthTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly FakeTime _time = new();
    private readonly MetricRegistry _metrics = new();
    private readonly ClusterCache _cache = new();
    private readonly ModuleStatus _module;
    private readonly AgentHealth _health;
    private readonly HttpEndpoint _endpoint;
    private HttpClient? _client;
    private string? _clusterProblem;

    public HealthTests()
    {
        _module = new ModuleStatus("proxy", _time);
        _health = new AgentHealth(_cache, [_module], () => _clusterProblem);
        _endpoint = new HttpEndpoint(new IPEndPoint(IPAddress.Loopback, 0), _metrics, _health);
    }

    public async Task InitializeAsync()
    {
        await _endpoint.StartAsync(CancellationToken.None);
        _client = new HttpClient { BaseAddress = new Uri(_endpoint.Addresses.Single()) };
    }

    public async Task DisposeAsync()
    {
        _client?.Dispose();
        await _endpoint.DisposeAsync();
    }

    [Fact]
    public async Task Metrics_AreServed()
    {
        _metrics.Counter("kn_x_total", "Counts.").Add(7);
        var answer = await _client!.GetAsync("/metrics");
        Assert.Equal((HttpStatusCode.OK, "text/plain; version=0.0.4; charset=utf-8"), (answer.StatusCode, answer.Content.Headers.ContentType!.ToString()));
        Assert.Contains("kn_x_total 7\n", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ready_FollowsCacheAndModule()
    {
        _cache.Watch(ResourceKinds.Nodes);
        var part = _module.Part("table");
        _clusterProblem = "/etc/kn/kubeconfig: no such file";
        await AssertAsync("/readyz", 503, "[-]cache /etc/kn/kubeconfig: no such file\n[-]proxy not started yet\nfailed\n");
        _clusterProblem = null;
        await AssertAsync("/readyz", 503, "[-]cache waits for the API server, and there is no snapshot of an earlier run\n[-]proxy not started yet\nfailed\n");
        _cache.Replace(ResourceKinds.Nodes, []);
        _module.Running();
        part.SetFailing("EPERM");
        await AssertAsync("/readyz", 503, "[+]cache ok\n[-]proxy not in place yet: table (EPERM)\nfailed\n");
        part.SetReady();
        await AssertAsync("/readyz", 200, "[+]cache ok\n[+]proxy ok\nok\n");
    }

    [Fact]
    public async Task Live_TellsOfAFailedModule()
    {
        await AssertAsync("/healthz", 200, "[+]proxy ok\nok\n");
        _module.Failed("no such device");
        await AssertAsync("/healthz", 503, "[-]proxy failed: no such device\nfailed\n");
        Assert.False(_health.IsStuck());
        _module.Running();
        await AssertAsync("/livez", 200, "[+]proxy ok\nok\n");
    }

    [Fact]
    public async Task Live_TellsOfAPartThatFailsForLong_ButTheWatchdogIsPinged()
    {
        var part = _module.Part("table");
        part.SetFailing("EPERM");
        _time.Advance(AgentHealth.FailedAfter);
        part.SetFailing("EBUSY");
        await AssertAsync("/healthz", 200, "[+]proxy ok\nok\n");
        _time.Advance(TimeSpan.FromSeconds(1));
        await AssertAsync("/healthz", 503, "[-]proxy table has failed for 5m1s: EBUSY\nfailed\n");
        Assert.False(_health.IsStuck());
        part.SetReady();
        await AssertAsync("/healthz", 200, "[+]proxy ok\nok\n");
        part.SetFailing("EPERM");
        await AssertAsync("/healthz", 200, "[+]proxy ok\nok\n");
    }

    [Fact]
    public async Task Live_TellsOfALoopWhoseChangeDoesNotEnd_AndTheWatchdogIsNotPinged()
    {
        var context = TestContexts.Context(_cache) with { Status = _module, Time = _time };
        var target = new HangingTarget();
        var loop = new ReconcileLoop<string, string>(target, [], context);
        using var stop = new CancellationTokenSource();
        var run = loop.RunAsync(stop.Token);
        await target.Entered.WaitAsync(TestContexts.Deadline);
        _time.Advance(AgentHealth.StuckAfter);
        Assert.False(_health.IsStuck());
        _time.Advance(TimeSpan.FromSeconds(1));
        await AssertAsync("/healthz", 503, "[-]proxy hanging is stuck: its change has been running for 2m1s\nfailed\n");
        Assert.True(_health.IsStuck());
        target.Release.SetResult();
        await loop.WhenConverged.WaitAsync(TestContexts.Deadline);
        await AssertAsync("/healthz", 200, "[+]proxy ok\nok\n");
        Assert.False(_health.IsStuck());
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Theory]
    [InlineData("POST", "/healthz", 405)]
    [InlineData("DELETE", "/metrics", 405)]
    [InlineData("GET", "/", 404)]
    [InlineData("GET", "/metrics/x", 404)]
    [InlineData("HEAD", "/healthz", 200)]
    public async Task OtherRequests(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await _client!.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(method == "HEAD", (await answer.Content.ReadAsByteArrayAsync()).Length == 0);
    }

    private async Task AssertAsync(string path, int status, string text)
    {
        using var answer = await _client!.GetAsync(path);
        Assert.Equal((status, text), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    private sealed class HangingTarget : ITarget<string, string>
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => "hanging";

        internal Task Entered => _entered.Task;

        internal TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IEnumerable<string> Keys(ClusterSnapshot cluster) => ["a"];

        public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<string> keys) => keys.Add("a");

        public string Plan(ClusterSnapshot cluster, string key, Problems problems) => "wanted";

        public Task<Kn.Primitives.ValueMap<string, string>> ReadAsync(CancellationToken cancellationToken) =>
            Task.FromResult(Kn.Primitives.ValueMap.Of<string, string>());

        public async Task ApplyAsync(Changes<string, string> changes, CancellationToken cancellationToken)
        {
            _entered.TrySetResult();
            await Release.Task.WaitAsync(cancellationToken);
        }

        public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

using System.Net.Sockets;
using System.Text;
using Kn.Kubernetes.Objects;
using Kn.Linux.Namespaces;
using Kn.NetnsTests;
using Kn.Primitives;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>What load balancers are answered, over real sockets. Needs root.</summary>
public sealed class HealthTests : IAsyncLifetime, IDisposable
{
    private readonly TestNet _net = new();
    private readonly ModuleRun _module;

    public HealthTests() => _module = new ModuleRun(_net, Balanced(32000), Endpoints("10.244.1.11@n1", "10.244.1.12@n1", "10.244.2.1@n2"), Endpoints("fd00:244:1::11@n1"));

    [Theory, InlineData("192.168.50.1", 2), InlineData("fd00:50::1", 1)]
    [Conformance("services", "Health checks")]
    public async Task HealthCheckNodePort_WithLocalEndpoints_Answers200AndHowMany_InEachFamily(string address, int count)
    {
        await _module.StartAsync();
        var (head, body) = Get(_net.Outside, address, 32000, "/anything");
        Assert.Equal("HTTP/1.1 200 OK", head[0]);
        Assert.Equal($"{{\n\t\"service\": {{\n\t\t\"namespace\": \"default\",\n\t\t\"name\": \"web\"\n\t}},\n\t\"localEndpoints\": {count},\n\t\"serviceProxyHealthy\": true\n}}", body);
        Assert.Contains("Content-Type: application/json", head);
        Assert.Contains("X-Content-Type-Options: nosniff", head);
        Assert.Contains($"X-Load-Balancing-Endpoint-Weight: {count}", head);
    }

    [Fact]
    [Conformance("services", "Health checks")]
    public async Task HealthCheckNodePort_WithoutReadyLocalEndpoint_Answers503_AndFollowsTheEndpoints()
    {
        await _module.StartAsync();
        _module.Set(Endpoints("10.244.2.1@n2"));
        Eventually.True(() => Get(_net.Outside, "192.168.50.1", 32000, "/").Head[0] == "HTTP/1.1 503 Service Unavailable", "no endpoint is here");
        Assert.Contains("\"localEndpoints\": 0", Get(_net.Outside, "192.168.50.1", 32000, "/").Body, StringComparison.Ordinal);
        var terminating = Endpoints("10.244.1.11@n1");
        _module.Set(terminating with { Endpoints = [terminating.Endpoints[0] with { Ready = false, Serving = true, Terminating = true }] });
        _module.Set(Endpoints("10.244.1.11@n1"));
        Eventually.True(() => Get(_net.Outside, "192.168.50.1", 32000, "/").Head[0] == "HTTP/1.1 200 OK", "an endpoint is here again");
    }

    [Fact]
    [Conformance("services", "Health checks")]
    public async Task HealthCheckNodePort_ThatChanges_ClosesTheOldOneAndOpensTheNew()
    {
        await _module.StartAsync();
        _module.Set(Balanced(32001));
        Eventually.True(() => TryGet("192.168.50.1", 32001) == "HTTP/1.1 200 OK" && TryGet("192.168.50.1", 32000) == "ConnectionRefused", "the new port answers, the old one refuses");
        _module.Set(Balanced(32001) with { ExternalTrafficPolicyLocal = false });
        Eventually.True(() => TryGet("192.168.50.1", 32001) == "ConnectionRefused", "policy Cluster has no health check");
    }

    [Fact]
    [Conformance("services", "Health checks")]
    public async Task HealthCheckNodePort_ThatIsTaken_IsAWarningEvent_AndIsOpenedOnceItIsFree()
    {
        using (new Responder(_net.Node, "other", 32000))
        {
            await _module.StartAsync();
            var warning = _module.Events.First();
            Assert.Equal((true, "FailedToStartServiceHealthcheck", "Service"), (warning.IsWarning, warning.Reason, warning.Regarding.Kind));
            Assert.Contains("on port 32000", warning.Message, StringComparison.Ordinal);
            Assert.StartsWith("HTTP/1.1 200", TryGet("192.168.50.1", 10256, "/healthz"));
        }

        Eventually.True(() => TryGet("192.168.50.1", 32000) == "HTTP/1.1 200 OK", "the port is free and opened");
    }

    [Fact]
    [Conformance("services", "Health checks")]
    public async Task Healthz_IsNotOk_OnANodeThatGoes_AndLivezIs()
    {
        await _module.StartAsync();
        var (head, body) = Get(_net.Outside, "192.168.50.1", 10256, "/healthz");
        Assert.Equal("HTTP/1.1 200 OK", head[0]);
        Assert.Matches("""^\{"lastUpdated": "\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* \+0000 UTC","currentTime": "[^"]+", "nodeEligible": true\}$""", body);
        Assert.DoesNotContain(head, static line => line.StartsWith("X-Load-Balancing", StringComparison.Ordinal));
        _module.Set(N1 with { TaintKeys = ["ToBeDeletedByClusterAutoscaler"] });
        Eventually.True(() => TryGet("192.168.50.1", 10256, "/healthz") == "HTTP/1.1 503 Service Unavailable", "a tainted node is not eligible");
        Assert.Matches("""^\{"lastUpdated": "[^"]+","currentTime": "[^"]+"\}$""", Get(_net.Outside, "192.168.50.1", 10256, "/livez").Body);
        Assert.Equal("HTTP/1.1 200 OK", TryGet("192.168.50.1", 10256, "/livez"));
        _module.Set(N1 with { Metadata = N1.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } });
        Assert.Equal("HTTP/1.1 503 Service Unavailable", TryGet("192.168.50.1", 10256, "/healthz"));
        Assert.Contains("kubeproxy_proxy_healthz_total{code=\"503\"}", _module.Metrics.ToPrometheusText(), StringComparison.Ordinal);
        Assert.Equal("HTTP/1.1 404 Not Found", TryGet("192.168.50.1", 10256, "/metrics"));
    }

    [Fact]
    public async Task ManyProbesAtOnce_AreAllAnswered()
    {
        await _module.StartAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Factory.StartNew(() => TryGet("192.168.50.1", 32000), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Assert.All(answers, static answer => Assert.Equal("HTTP/1.1 200 OK", answer));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _module.DisposeAsync();

    public void Dispose() => _net.Dispose();

    private static Service Balanced(ushort port) => Service("web", 10, Tcp(80, 30080)) with
    {
        Type = "LoadBalancer",
        ExternalTrafficPolicyLocal = true,
        HealthCheckNodePort = port,
        LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false)],
    };

    private static EndpointSlice Endpoints(params string[] endpoints) => Slice(
        "web", endpoints[0].Contains(':') ? "b" : "a", To(TestNet.Port), [.. endpoints.Select(static text => At(text.Split('@')[0], text.Split('@')[1]))]);

    private string TryGet(string address, int port, string path = "/")
    {
        try
        {
            return Get(_net.Outside, address, port, path).Head[0];
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode.ToString();
        }
    }

    private static (string[] Head, string Body) Get(NetworkNamespace from, string address, int port, string path)
    {
        using var socket = Client.Open(from, address, port);
        socket.ReceiveTimeout = 20_000;
        socket.Send(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"));
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        for (var length = socket.Receive(buffer); length > 0; length = socket.Receive(buffer))
        {
            answer.Append(Encoding.UTF8.GetString(buffer, 0, length));
        }

        var parts = answer.ToString().Split("\r\n\r\n", 2);
        return (parts[0].Split("\r\n"), parts[^1]);
    }
}

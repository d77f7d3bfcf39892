using System.Text;
using System.Text.Json;
using Kn.Hosting.Control;
using Kn.Hosting.Events;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Cache;
using Kn.Linux.Nftables;
using Kn.Policy.Inspection;
using Kn.Policy.Tables;
using Kn.Policy.Tests;
using Microsoft.Extensions.Logging.Abstractions;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.NetnsTests;

/// <summary>The module as the agent runs it, asked as the CLI asks, with real packets. Needs root.</summary>
public sealed class InspectionTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly PolicyNet _net = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ModuleContext _context = new()
    {
        Node = new NodeOptions { Name = "n1", Paths = new PathOptions() },
        Cache = new ClusterCache(),
        Loggers = NullLoggerFactory.Instance,
        Metrics = new MetricRegistry(),
        Control = new ControlHandlers(),
        Status = new ModuleStatus("policy"),
        PodGates = new PodGates(),
        Events = new UnheardEvents(),
        Time = TimeProvider.System,
    };

    private Task _run = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        var module = new PolicyModule(new PolicyOptions()) { Inside = _net.Node.Namespace };
        _context.Cache.Watch(module.Watches.Select(static watch => watch.Kind));
        foreach (var kind in module.Watches.Select(static watch => watch.Kind))
        {
            _context.Cache.Replace(kind, Cases.BaseObjects.Append(PolicyOf("a/deny", """{"podSelector":{"matchLabels":{"app":"web"}}}""")).Where(item => ReferenceEquals(ResourceKinds.Of(item), kind)));
        }

        _run = module.RunAsync(_context, _stop.Token);
        using var socket = NftSocket.Open(_net.Node.Namespace);
        var table = new NftPolicyTable(socket);
        await UntilAsync(() => table.Read()?.FindSet("who4")?.Elements.Count > 0, "the table is there");
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _stop.Dispose();
        _net.Dispose();
    }

    [Fact]
    public async Task Drop_IsStreamed_Explained_AndCounted()
    {
        var answer = await AskAsync((PolicyVerb.Action, PolicyVerb.Drops), (PolicyVerb.Pod, "a/web"));
        using var limit = new CancellationTokenSource(Deadline);
        await using (var pieces = answer.Pieces!.GetAsyncEnumerator(limit.Token))
        {
            Assert.True(await pieces.MoveNextAsync());
            Assert.True(pieces.Current.IsEmpty);
            Assert.False(PolicyNet.Reaches(_net.OtherClient, "10.0.1.1"));
            Assert.True(await pieces.MoveNextAsync());
            var drop = JsonSerializer.Deserialize(pieces.Current.Span, PolicyReportJson.Default.PolicyDrop)!;
            Assert.Equal(("ingress", "b/client", "a/web", 80, "a/deny"), (drop.Direction, drop.Source.Pod, drop.Destination.Pod, drop.Destination.Port, Assert.Single(drop.IsolatedBy)));
            Assert.False((await ExplainAsync(drop.Source.Pod!, $"{drop.Destination.Pod}:http")).Allowed);
        }

        Assert.True((await ExplainAsync("192.168.0.1", "a/web:80")).Allowed);
        await UntilAsync(() => Metrics().Contains("kn_policy_drops_total{namespace=\"a\",policy=\"deny\",direction=\"ingress\"} ", StringComparison.Ordinal), "the drop is counted");
        Assert.DoesNotContain("kn_policy_dropped_packets_total{direction=\"ingress\"} 0\n", Metrics(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModuleThatStops_EndsListeners_AndSaysSo()
    {
        var answer = await AskAsync((PolicyVerb.Action, PolicyVerb.Drops));
        using var limit = new CancellationTokenSource(Deadline);
        await using var pieces = answer.Pieces!.GetAsyncEnumerator(limit.Token);
        Assert.True(await pieces.MoveNextAsync());
        await _stop.CancelAsync();
        Assert.False(await pieces.MoveNextAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _run);
        var refused = await AskAsync((PolicyVerb.Action, PolicyVerb.Drops));
        Assert.Equal((PolicyVerb.Failed, "the module policy is not running"), (refused.ExitCode, Encoding.UTF8.GetString(refused.Body.Span)));
    }

    private async Task<PolicyExplainReport> ExplainAsync(string source, string destination)
    {
        var answer = await AskAsync((PolicyVerb.Action, PolicyVerb.Explain), (PolicyVerb.Source, source), (PolicyVerb.Destination, destination));
        Assert.Equal(PolicyVerb.Good, answer.ExitCode);
        return JsonSerializer.Deserialize(answer.Body.Span, PolicyReportJson.Default.PolicyExplainReport)!;
    }

    private Task<ControlResponse> AskAsync(params (string Name, string Value)[] arguments) => _context.Control.Find(PolicyVerb.Name)!(
        new ControlRequest(PolicyVerb.Name, arguments.ToDictionary(static pair => pair.Name, static pair => pair.Value), default), CancellationToken.None);

    private string Metrics() => _context.Metrics.ToPrometheusText();

    private static async Task UntilAsync(Func<bool> holds, string what)
    {
        using var limit = new CancellationTokenSource(Deadline);
        while (!holds())
        {
            Assert.False(limit.IsCancellationRequested, $"not within {Deadline.TotalSeconds} s: {what}");
            await Task.Delay(20);
        }
    }
}

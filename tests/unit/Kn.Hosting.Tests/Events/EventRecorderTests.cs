using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Kn.Hosting.Events;
using Kn.Hosting.Metrics;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Kubeconfigs;
using Kn.Kubernetes.Objects;
using Kn.Kubernetes.Tests;
using Kn.Kubernetes.Tests.Informers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Hosting.Tests.Events;

public sealed class EventRecorderTests : IDisposable
{
    private readonly FakeTime _time = new();
    private readonly MetricRegistry _metrics = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<(string Method, string Path, JsonNode Body)> _written = new();
    private readonly EventRecorder _recorder;
    private int _status = StatusCodes.Status201Created;

    public EventRecorderTests() => _recorder = new EventRecorder("n1", _metrics, NullLoggerFactory.Instance, _time);

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task Event_IsCreated_BesideItsObject()
    {
        await using var server = await ScriptedServer.StartAsync(AnswerAsync);
        using var client = new ApiClient(new ApiConnection { Server = server.Url });
        _recorder.Record(Exhausted("web-0"));
        _recorder.Record(new ClusterEvent(EventSubject.Node("n1"), IsWarning: false, "Ready", new string('é', 2000)));
        var run = _recorder.RunAsync(() => client, _stop.Token);
        await UntilAsync(() => _written.Count == 2);
        var (method, path, body) = _written.First();
        Assert.Equal(("POST", "/api/v1/namespaces/shop/events"), (method, path));
        Assert.StartsWith("web-0.", (string)body["metadata"]!["name"]!, StringComparison.Ordinal);
        Assert.Equal(("Pod", "shop", "web-0", "u1"), ((string)body["involvedObject"]!["kind"]!, (string)body["involvedObject"]!["namespace"]!, (string)body["involvedObject"]!["name"]!, (string)body["involvedObject"]!["uid"]!));
        Assert.Equal(("Warning", "AddressesExhausted", "no address is left", 1), ((string)body["type"]!, (string)body["reason"]!, (string)body["message"]!, (int)body["count"]!));
        Assert.Equal(("kn", "n1"), ((string)body["source"]!["component"]!, (string)body["source"]!["host"]!));
        Assert.Equal("2025-01-01T00:00:00Z", (string)body["firstTimestamp"]!);
        var node = _written.Last();
        Assert.Equal("/api/v1/namespaces/default/events", node.Path);
        Assert.Equal("n1", (string)node.Body["involvedObject"]!["uid"]!);
        Assert.Equal(EventJson.MaxMessageBytes, Encoding.UTF8.GetByteCount((string)node.Body["message"]!));
        await StopAsync(run);
    }

    [Fact]
    public async Task TheSameAgain_IsOneEventThatCounts()
    {
        await using var server = await ScriptedServer.StartAsync(AnswerAsync);
        using var client = new ApiClient(new ApiConnection { Server = server.Url });
        var run = _recorder.RunAsync(() => client, _stop.Token);
        _recorder.Record(Exhausted("web-0"));
        await UntilAsync(() => Metric("kn_events_sent_total 1"));
        for (var time = 0; time < 4; time++)
        {
            _recorder.Record(Exhausted("web-0"));
        }

        await UntilAsync(() =>
        {
            _time.Advance(EventRecorder.SeriesSpacing);
            return _written.Count == 2;
        });
        var (method, path, body) = _written.Last();
        Assert.Equal("PATCH", method);
        Assert.EndsWith((string)_written.First().Body["metadata"]!["name"]!, path, StringComparison.Ordinal);
        Assert.Equal(5, (int)body["count"]!);
        await UntilAsync(() => Metric("kn_events_sent_total 2"));
        _time.Advance(EventRecorder.SeriesEnd);
        _recorder.Record(Exhausted("web-0"));
        await UntilAsync(() => _written.Count == 3);
        Assert.Equal("POST", _written.Last().Method);
        await StopAsync(run);
    }

    [Fact]
    public async Task WithTheApiServerAway_RecordingReturnsAtOnce_AndEventsFollowWhenItIsBack()
    {
        await using var server = await ScriptedServer.StartAsync(AnswerAsync);
        using var client = new ApiClient(new ApiConnection { Server = server.Url });
        ApiClient? known = null;
        var run = _recorder.RunAsync(() => Volatile.Read(ref known), _stop.Token);
        _recorder.Record(Exhausted("web-0"));
        Volatile.Write(ref _status, StatusCodes.Status503ServiceUnavailable);
        Volatile.Write(ref known, client);
        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return !_written.IsEmpty;
        });
        Volatile.Write(ref _status, StatusCodes.Status201Created);
        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return Metric("kn_events_sent_total 1");
        });
        Assert.Single(_written.Select(static item => (string)item.Body["metadata"]!["name"]!).Distinct());
        await StopAsync(run);
    }

    [Fact]
    public async Task RefusedEvent_IsDropped_AndDoesNotHoldUpOthers()
    {
        await using var server = await ScriptedServer.StartAsync(AnswerAsync);
        using var client = new ApiClient(new ApiConnection { Server = server.Url });
        Volatile.Write(ref _status, StatusCodes.Status403Forbidden);
        var run = _recorder.RunAsync(() => client, _stop.Token);
        _recorder.Record(Exhausted("web-0"));
        await UntilAsync(() => Metric("kn_events_dropped_total 1"));
        Volatile.Write(ref _status, StatusCodes.Status201Created);
        _recorder.Record(Exhausted("web-1"));
        await UntilAsync(() => Metric("kn_events_sent_total 1"));
        await StopAsync(run);
    }

    [Fact]
    public void Flood_IsCut_AndTakesNoMemory()
    {
        for (var number = 0; number < 10_000; number++)
        {
            _recorder.Record(Exhausted($"web-{number}"));
        }

        Assert.True(Metric("kn_events_dropped_total 9950"));
        _time.Advance(TimeSpan.FromSeconds(3));
        for (var number = 0; number < 10; number++)
        {
            _recorder.Record(Exhausted($"api-{number}"));
        }

        Assert.True(Metric("kn_events_dropped_total 9957"));
    }

    private static ClusterEvent Exhausted(string pod) =>
        new(EventSubject.Pod(new ObjectKey("shop", pod), "u1"), IsWarning: true, "AddressesExhausted", "no address is left");

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        _written.Enqueue((context.Request.Method, context.Request.Path, JsonNode.Parse(await reader.ReadToEndAsync())!));
        context.Response.StatusCode = Volatile.Read(ref _status);
        await context.Response.WriteAsync("{}");
    }

    private bool Metric(string line) => _metrics.ToPrometheusText().Contains(line + "\n", StringComparison.Ordinal);

    private async Task StopAsync(Task run)
    {
        await _stop.CancelAsync();
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(10, deadline.Token);
        }
    }
}

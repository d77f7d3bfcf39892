using System.Globalization;
using System.Text.Json;
using Kn.Hosting.Control;
using Kn.Hosting.Events;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Events;
using Kn.LoadBalancer.Heartbeats;
using Kn.LoadBalancer.Inspection;
using Kn.NetnsTests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.LoadBalancer.NetnsTests;

/// <summary>A node on a <see cref="Segment"/>: its namespace, and the module running in it. Needs root.</summary>
internal sealed class LbNode : IDisposable, IEventRecorder
{
    private readonly Segment _segment;
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-lb-").FullName;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private ModuleContext? _context;

    public LbNode(Segment segment, int number)
    {
        _segment = segment;
        Name = $"n{number}";
        Number = number;
        Space = segment.Attach(number);
        // As the cluster's Secret would have it.
        File.WriteAllBytes(Path.Combine(_folder, "heartbeat.key"), [.. Enumerable.Range(0, Heartbeat.KeyBytes).Select(static i => (byte)i)]);
    }

    public string Name { get; }

    public int Number { get; }

    public TestNamespace Space { get; }

    public List<string> Events { get; } = [];

    public bool IsNodeGoing { get; set; }

    public string Mac => (string)Space.IpJson("link", "show", "eth0")[0]!["address"]!;

    private ModuleContext Context => _context ?? throw new InvalidOperationException("not started");

    public void Start(LoadBalancerOptions options)
    {
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        _context = NewContext();
        _running = new LoadBalancerModule(options) { Inside = Space.Namespace, IsNodeGoing = () => IsNodeGoing }.RunAsync(_context, _stop.Token);
        Eventually.True(() => Assert_Running() && Context.Status.Read().Parts.All(static part => part.Ready), $"{Name} announces");
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>What the whole node's death looks like to the others: its cable is out. The module ends unheard.</summary>
    public async Task DieAsync()
    {
        _segment.Unplug(Number);
        await StopAsync();
    }

    public LbListReport List()
    {
        var handler = Context.Control.Find(LbVerb.Name) ?? throw new InvalidOperationException("no handler");
        var answer = handler(new ControlRequest(LbVerb.Name, new Dictionary<string, string> { [LbVerb.Action] = LbVerb.List }, default), CancellationToken.None).GetAwaiter().GetResult();
        return JsonSerializer.Deserialize(answer.Body.Span, LbReportJson.Default.LbListReport)!;
    }

    public Task AskAsync(string action) =>
        Context.Control.Find(LbVerb.Name)!(new ControlRequest(LbVerb.Name, new Dictionary<string, string> { [LbVerb.Action] = action }, default), CancellationToken.None);

    public double Metric(string name)
    {
        var line = Context.Metrics.ToPrometheusText().Split('\n').FirstOrDefault(line => line.StartsWith(name + " ", StringComparison.Ordinal));
        return line is null ? double.NaN : double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    public void Record(ClusterEvent item)
    {
        lock (Events)
        {
            Events.Add($"{item.Reason} {item.Regarding.Key}: {item.Message}");
        }
    }

    public void Dispose()
    {
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private bool Assert_Running() => !_running.IsFaulted ? true : throw new InvalidOperationException($"{Name} has ended: {_running.Exception}");

    private ModuleContext NewContext() => new()
    {
        Node = new NodeOptions { Name = Name, Paths = new PathOptions { State = _folder } },
        Cache = _segment.Cache,
        Loggers = NullLoggerFactory.Instance,
        Metrics = new MetricRegistry(),
        Control = new ControlHandlers(),
        Status = new ModuleStatus("loadBalancer"),
        PodGates = new PodGates(),
        Events = this,
        Time = TimeProvider.System,
    };
}

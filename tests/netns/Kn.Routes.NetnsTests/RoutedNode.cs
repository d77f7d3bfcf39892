using System.Globalization;
using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.NetnsTests;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Routes.NetnsTests;

/// <summary>A node: a namespace whose link up0 is the underlay, and the module running in it. Needs root.</summary>
internal sealed class RoutedNode : IDisposable
{
    private readonly ClusterCache _cache;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public RoutedNode(string name, ClusterCache cache)
    {
        Name = name;
        _cache = cache;
        Space = new TestNamespace("knr");
        Context = NewContext();
    }

    public string Name { get; }

    /// <summary>What lives as long as the node.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("knr").FullName;

    public TestNamespace Space { get; }

    public ModuleContext Context { get; private set; }

    /// <summary>Everything of ours, as ip(8) and bridge(8) show it.</summary>
    public string Shown =>
        Space.Ip("route", "show", "proto", "75") + Space.Ip("-6", "route", "show", "proto", "75")
        + Space.Ip("route", "show", "proto", "77") + Space.Ip("-6", "route", "show", "proto", "77")
        + Space.Ip("-d", "link", "show", "type", "vxlan") + Space.Ip("addr", "show", "type", "vxlan")
        + Space.Ip("neigh", "show", "nud", "permanent") + Tool.Run("bridge", "-n", Space.Name, "fdb", "show");

    public string Metrics => Context.Metrics.ToPrometheusText();

    public IReadOnlyList<string> Problems => [.. Context.Status.Read().Parts.SelectMany(static part => part.Problems).Select(static problem => problem.Message)];

    /// <summary>What fails now, and whether the module runs.</summary>
    public string Failures => $"{_running.Status} {_running.Exception?.Message} {string.Join("; ", Context.Status.Read().Parts.Select(static part => $"{part.Name}: ready {part.Ready} {part.Error}"))}";

    /// <summary>The first link to the underlay, of a veth whose other end is up and leads nowhere.</summary>
    public void AddUnderlay(params string[] addresses)
    {
        Space.Ip("link", "add", "up0", "type", "veth", "peer", "name", "up1");
        Space.Ip("link", "set", "up1", "up");
        Space.Ip("link", "set", "up0", "up");
        AddAddresses("up0", addresses);
    }

    public void AddAddresses(string link, params string[] addresses)
    {
        foreach (var address in addresses)
        {
            Space.Ip([.. (string[])["addr", "add", address, "dev", link], .. address.Contains(':', StringComparison.Ordinal) ? (string[])["nodad"] : []]);
        }
    }

    public void Start(RoutesOptions? options = null)
    {
        Context = NewContext();
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        _running = Space.Namespace.Run(() => new RoutesModule(options ?? new RoutesOptions()) { Inside = Space.Namespace }.RunAsync(Context, _stop.Token));
    }

    public async Task StopAsync()
    {
        Assert.False(_running.IsFaulted, $"the module has ended: {_running.Exception}");
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task CleanUpAsync() => Space.Namespace.Run(() => new RoutesModule(new RoutesOptions()).CleanupAsync(NewContext(), CancellationToken.None));

    /// <summary>Waits until all of these texts are in what is shown.</summary>
    public void Shows(params string[] texts) => Eventually.True(
        () => _running.IsCompleted || HasAll(texts),
        $"{Name} shows {string.Join("; ", texts)}; {_running.Status} {_running.Exception}\n{Shown}");

    /// <summary>Waits until none of these texts is in what is shown.</summary>
    public void ShowsNot(params string[] texts) => Eventually.True(
        () => Shown is var shown && !texts.Any(text => shown.Contains(text, StringComparison.Ordinal)), $"{Name} does not show {string.Join("; ", texts)}\n{Shown}");

    /// <summary>Waits until everything is in place.</summary>
    public void IsReady() => Eventually.True(() => Context.Status.Read().Parts.All(static part => part.Ready), $"{Name} is ready; {_running.Status} {_running.Exception}");

    /// <summary>The value of a metric of the module or its loop.</summary>
    public double Metric(string name)
    {
        var line = Metrics.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? double.NaN : double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _stop.Dispose();
        Space.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    public static Node Node(string name, int number, params string[] addresses) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        PodCidrs = [IpPrefix.Parse($"10.244.{number}.0/24"), IpPrefix.Parse($"fd00:244:{number}::/64")],
        InternalIps = addresses.Select(static text => IpAddress.Parse(text)).ToValueList(),
    };

    private bool HasAll(string[] texts)
    {
        var shown = Shown;
        return texts.All(text => shown.Contains(text, StringComparison.Ordinal));
    }

    private ModuleContext NewContext() => new()
    {
        Node = new NodeOptions { Name = Name, Paths = new PathOptions { Run = Folder } },
        Cache = _cache,
        Loggers = NullLoggerFactory.Instance,
        Metrics = new MetricRegistry(),
        Control = new ControlHandlers(),
        Status = new ModuleStatus("routes"),
        PodGates = new PodGates(),
        Time = TimeProvider.System,
    };
}

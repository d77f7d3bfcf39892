using Kn.Hosting.Control;
using Kn.Hosting.Events;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Objects;
using Kn.NetnsTests;
using Kn.ServiceProxy.Tests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>The module as the host runs it, in the node of a test network: started and stopped at will, with one cache.</summary>
internal sealed class ModuleRun : IEventRecorder, IAsyncDisposable
{
    private readonly TestNet _net;
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-proxy-test").FullName;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public ModuleRun(TestNet net, params IEnumerable<KubernetesObject> objects)
    {
        _net = net;
        Cache.Watch(ResourceKinds.Services, ResourceKinds.EndpointSlices, ResourceKinds.Nodes, ResourceKinds.ServiceCidrs);
        var all = objects.ToArray();
        Cache.Replace(ResourceKinds.Nodes, [Build.N1]);
        Cache.Replace(ResourceKinds.ServiceCidrs, [Build.Cidr]);
        Cache.Replace(ResourceKinds.EndpointSlices, all.OfType<EndpointSlice>());
        Cache.Replace(ResourceKinds.Services, all.OfType<Service>());
    }

    public ClusterCache Cache { get; } = new();

    public MetricRegistry Metrics { get; private set; } = new();

    public List<ClusterEvent> Events { get; } = [];

    public void Set(Service service) => Cache.Apply(ResourceKinds.Services, ObjectDelta.Set(service));

    public void Set(EndpointSlice slice) => Cache.Apply(ResourceKinds.EndpointSlices, ObjectDelta.Set(slice));

    public void Set(Node node) => Cache.Apply(ResourceKinds.Nodes, ObjectDelta.Set(node));

    /// <summary>Runs until everything is in place. What is opened before the first await is opened on a thread in the node's namespace.</summary>
    public async Task StartAsync(ServiceProxyOptions? options = null)
    {
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        var context = NewContext();
        var module = NewModule(options);
        _running = _net.Node.Run(() => module.RunAsync(context, _stop.Token));
        Eventually.True(() => _running.IsCompleted || context.Status.Read().Parts is { Count: >= 3 } parts && parts.All(static part => part.Ready), "all loops have converged");
        if (_running.IsCompleted)
        {
            await _running;
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        Assert.False(_running.IsFaulted, _running.Exception?.ToString());
    }

    public async Task CleanupAsync(ServiceProxyOptions? options = null)
    {
        var context = NewContext();
        var module = NewModule(options);
        await _net.Node.Run(() => module.CleanupAsync(context, CancellationToken.None));
    }

    public void Record(ClusterEvent item)
    {
        lock (Events)
        {
            Events.Add(item);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private ServiceProxyModule NewModule(ServiceProxyOptions? options) => new(options ?? new ServiceProxyOptions()) { Inside = _net.Node, LocalhostEvery = TimeSpan.FromMilliseconds(200) };

    private ModuleContext NewContext()
    {
        Metrics = new MetricRegistry();
        return new ModuleContext
        {
            Node = new NodeOptions { Name = "n1", Cluster = Build.ThisNode.Cluster, Paths = new PathOptions { State = _folder } },
            Cache = Cache,
            Loggers = NullLoggerFactory.Instance,
            Metrics = Metrics,
            Control = new ControlHandlers(),
            Status = new ModuleStatus("serviceProxy"),
            PodGates = new PodGates(),
            Events = this,
            Time = TimeProvider.System,
        };
    }
}

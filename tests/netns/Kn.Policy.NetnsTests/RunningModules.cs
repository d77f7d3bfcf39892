using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Cache;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Policy.NetnsTests;

/// <summary>Modules in a node's network namespace, with what an agent gives them: one cache, one list of gates, one list of attached pods.</summary>
internal sealed class RunningModules : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-policy-").FullName;
    private readonly NetworkNamespace _node;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public RunningModules(NetworkNamespace node)
    {
        _node = node;
        Context = new ModuleContext
        {
            Node = new NodeOptions
            {
                Name = "n1",
                Paths = new PathOptions { State = _folder + "/state", Run = _folder + "/run", CniConfig = _folder + "/net.d", CniPlugins = _folder + "/bin" },
                Cluster = new ClusterOptions { PodCidrs = [IpPrefix.Parse("10.0.0.0/16"), IpPrefix.Parse("fd00:10::/48")] },
            },
            Cache = new ClusterCache(),
            Loggers = NullLoggerFactory.Instance,
            Metrics = new MetricRegistry(),
            Control = new ControlHandlers(),
            Status = new ModuleStatus("policy"),
            PodGates = new PodGates(),
            Time = TimeProvider.System,
        };
    }

    public ModuleContext Context { get; }

    public ClusterCache Cache => Context.Cache;

    /// <summary>Starts the module under test.</summary>
    public void StartPolicy() => Start("policy", new PolicyModule(new PolicyOptions()) { Inside = _node });

    /// <summary>Starts a module.</summary>
    public void Start(string name, IModule module)
    {
        var context = Context with { Status = new ModuleStatus(name) };
        module.Announce(context);
        _running.Add(_node.Run(() => module.RunAsync(context, _stop.Token)));
    }

    /// <summary>Returns when everything that the cache holds by now is in the kernel, as CNI ADD does for a pod that has these addresses.</summary>
    public Task SettleAsync(AttachedPod pod) => Task.WhenAll(Context.PodGates.All.Select(gate => gate.WaitAsync(pod, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30))));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var task in _running)
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.False(task.IsFaulted, task.Exception?.ToString());
        }

        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

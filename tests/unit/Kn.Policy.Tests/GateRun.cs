using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.Policy.Planning;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Policy.Tests;

/// <summary>The gate of node n1 over the real loop and a table in memory.</summary>
internal sealed class GateRun : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource _stop = new();
    private readonly PolicyTarget _target;
    private readonly ReconcileLoop<PolicyKey, PolicyPiece> _loop;
    private readonly PolicyGate _gate;
    private readonly Task _running;

    public GateRun(StrictTable? table = null, ValueList<AttachedPod> running = default, PolicyOptions? options = null, ClusterCache? cache = null)
    {
        Table = table ?? new StrictTable();
        Cache = cache ?? new ClusterCache();
        Cache.Watch(PolicyGate.Kinds);
        var context = new ModuleContext
        {
            Node = new NodeOptions { Name = "n1" },
            Cache = Cache,
            Loggers = NullLoggerFactory.Instance,
            Metrics = new MetricRegistry(),
            Control = new ControlHandlers(),
            Status = new ModuleStatus("policy"),
            PodGates = new PodGates(),
            Time = TimeProvider.System,
        };
        var node = new PolicyNode { Name = "n1", Options = options ?? new PolicyOptions() };
        _target = new PolicyTarget(Table, node.With(running), new PolicyReporter(new PolicyMetrics(context.Metrics), NullLogger.Instance));
        var fast = new ReconcileOptions { FirstBackoff = TimeSpan.FromMilliseconds(1), LongestBackoff = TimeSpan.FromMilliseconds(2) };
        _loop = new ReconcileLoop<PolicyKey, PolicyPiece>(_target, [.. PolicyGate.Kinds.Select(static kind => new WatchRequest(kind))], context, fast);
        _gate = new PolicyGate("n1", _target, _loop, Cache, TimeProvider.System);
        _running = Task.Run(() => _loop.RunAsync(_stop.Token));
        Attached.Follow(pod =>
        {
            _target.Node = _target.Node.With(Attached.All);
            _loop.Touch(PolicyKey.OfPod(PolicyNode.KeyOf(pod)));
        });
        Attached.Replace(running);
    }

    public StrictTable Table { get; }

    public ClusterCache Cache { get; }

    public AttachedPods Attached { get; } = new();

    public Task WhenConverged => _loop.WhenConverged.WaitAsync(Patience);

    /// <summary>A pod as CNI has it.</summary>
    public static AttachedPod Pod(string key, string address, string uid = "") =>
        new(new ObjectKey(key.Split('/')[0], key.Split('/')[1]), uid, [IpAddress.Parse(address)], $"kn{uid}{key.Replace('/', '-')}");

    /// <summary>The cluster, as the API server tells it.</summary>
    public void Set(params KubernetesObject[] objects)
    {
        Cache.Replace(ResourceKinds.Namespaces, objects.OfType<Namespace>());
        Cache.Replace(ResourceKinds.NetworkPolicies, objects.OfType<NetworkPolicy>());
        Cache.Replace(ResourceKinds.Pods, objects.OfType<Pod>());
    }

    /// <summary>CNI ADD: attached, and at the gate.</summary>
    public Task AddAsync(AttachedPod pod)
    {
        Attached.Set(pod);
        return _gate.WaitAsync(pod, _stop.Token).WaitAsync(Patience);
    }

    public string Reason(AttachedPod pod) => _gate.Reason(pod);

    /// <summary>Returns when all that was told of is in the table.</summary>
    public Task SettleAsync() => _loop.PlanAgainAsync(PolicyKey.Table, static () => { }, default).WaitAsync(Patience);

    /// <summary>Where packets to an address are led; null where it is not listed.</summary>
    public string? Ingress(string address) =>
        Table.Read()!.FindSet("in4")!.Elements.FirstOrDefault(element => element.Key == NftValue.Of(IpAddress.Parse(address)))?.Verdict?.Chain;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}

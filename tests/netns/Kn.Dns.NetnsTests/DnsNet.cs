using Kn.Dns.Tests.Zone;
using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Hosting.Services;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.NetnsTests;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Dns.NetnsTests;

/// <summary>A node with the module as the host runs it, a pod on it and a stranger beside it. Needs root.</summary>
/// <remarks>
/// <code>
/// stranger 203.0.113.9 ── 203.0.113.1 node ── 10.244.1.7 pod
///          2001:db8::9    2001:db8::1         fd00:244:1::7
/// </code></remarks>
internal sealed class DnsNet : IAsyncDisposable
{
    public static readonly Service KubeDns = new()
    {
        Metadata = new ObjectMeta { Namespace = "kube-system", Name = "kube-dns" },
        ClusterIps = [IpAddress.Parse("10.96.0.10"), IpAddress.Parse("fd00:96::a")],
        Ports =
        [
            new ServicePort("dns", IpProtocol.Udp, 53, 0), new ServicePort("dns-tcp", IpProtocol.Tcp, 53, 0), new ServicePort("metrics", IpProtocol.Tcp, 9153, 0),
        ],
    };

    private static readonly Node N1 = new()
    {
        Metadata = new ObjectMeta { Name = "n1" },
        PodCidrs = [IpPrefix.Parse("10.244.1.0/24"), IpPrefix.Parse("fd00:244:1::/64")],
        InternalIps = [IpAddress.Parse("192.168.50.1")],
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("kn-dns-test").FullName;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public DnsNet(params IEnumerable<KubernetesObject> objects)
    {
        Wire();
        Cache.Watch(ResourceKinds.Services, ResourceKinds.EndpointSlices, ResourceKinds.Nodes, ResourceKinds.Namespaces, ResourceKinds.ServiceCidrs);
        var all = objects.ToArray();
        Cache.Replace(ResourceKinds.Nodes, [N1]);
        Cache.Replace(ResourceKinds.Namespaces, [Build.Default, Build.Default with { Metadata = new ObjectMeta { Name = "kube-system" } }]);
        Cache.Replace(ResourceKinds.ServiceCidrs, []);
        Cache.Replace(ResourceKinds.EndpointSlices, all.OfType<EndpointSlice>());
        Cache.Replace(ResourceKinds.Services, [KubeDns, .. all.OfType<Service>()]);
    }

    public TestNamespace Node { get; } = new("kndn");

    public TestNamespace Pod { get; } = new("kndp");

    public TestNamespace Stranger { get; } = new("knds");

    public ClusterCache Cache { get; } = new();

    public ModuleContext Context { get; private set; } = null!;

    /// <summary>Runs the module until it serves.</summary>
    public async Task StartAsync(DnsOptions? options = null)
    {
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        var context = Begin(options);
        Eventually.True(() => _running.IsCompleted || context.Status.Read().Parts is { Count: >= 3 } parts && parts.All(static part => part.Ready), "all loops have converged");
        if (_running.IsCompleted)
        {
            await _running;
        }
    }

    /// <summary>Starts the module, which may not come to serve.</summary>
    public ModuleContext Begin(DnsOptions? options = null)
    {
        Context = NewContext("dns");
        var context = Context;
        var module = new DnsModule(options ?? new DnsOptions()) { Inside = Node.Namespace };
        _running = Node.Namespace.Run(() => module.RunAsync(context, _stop.Token));
        return context;
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        Assert.False(_running.IsFaulted, _running.Exception?.ToString());
    }

    public async Task CleanupAsync()
    {
        var context = NewContext("dns");
        await Node.Namespace.Run(() => new DnsModule(new DnsOptions()).CleanupAsync(context, CancellationToken.None));
    }

    public ModuleContext NewContext(string name) => new()
    {
        Node = new NodeOptions { Name = "n1", Paths = new PathOptions { State = _folder } },
        Cache = Cache,
        Loggers = NullLoggerFactory.Instance,
        Metrics = new MetricRegistry(),
        Control = new ControlHandlers(),
        Status = new ModuleStatus(name),
        ProgrammedServices = Programmed,
        StoredSockets = Stored,
        PodGates = Gates,
        Time = TimeProvider.System,
    };

    public ProgrammedServices Programmed { get; } = new();

    public PodGates Gates { get; } = new();

    /// <summary>What the next process is given.</summary>
    public IStoredSockets Stored { get; set; } = new NothingStored();

    /// <summary>Runs dig; what it prints, without the last newline.</summary>
    public static string Dig(TestNamespace from, params string[] arguments) => from.Exec("dig", ["+time=3", "+tries=2", .. arguments]).Trim();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        foreach (var space in (TestNamespace[])[Pod, Stranger, Node])
        {
            space.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private void Wire()
    {
        Join(Pod, "v1", "10.244.1.7/32", "fd00:244:1::7/128");
        Node.Ip("route", "add", "10.244.1.7/32", "dev", "v1");
        Node.Ip("route", "add", "fd00:244:1::7/128", "dev", "v1");
        Gateway(Pod, "v1", "10.244.1.254", "fd00:244:1::fe");
        Join(Stranger, "v2", "203.0.113.9/24", "2001:db8::9/64");
        Node.Ip("addr", "add", "203.0.113.1/24", "dev", "v2");
        Node.Ip("addr", "add", "2001:db8::1/64", "dev", "v2", "nodad");
        Stranger.Ip("route", "add", "default", "via", "203.0.113.1");
        Stranger.Ip("route", "add", "default", "via", "2001:db8::1");
        Node.Ip("route", "add", "10.96.0.0/16", "dev", "lo", "src", "203.0.113.1");
        Node.Exec("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
    }

    private void Join(TestNamespace space, string link, string v4, string v6)
    {
        Node.Ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space.Name);
        Node.Ip("link", "set", link, "up");
        space.Ip("addr", "add", v4, "dev", "eth0");
        space.Ip("addr", "add", v6, "dev", "eth0", "nodad");
        space.Ip("link", "set", "eth0", "up");
    }

    private void Gateway(TestNamespace space, string link, string v4, string v6)
    {
        Node.Ip("addr", "add", v4 + "/32", "dev", link);
        Node.Ip("addr", "add", v6 + "/128", "dev", link, "nodad");
        space.Ip("route", "add", v4 + "/32", "dev", "eth0");
        space.Ip("route", "add", "default", "via", v4);
        space.Ip("route", "add", v6 + "/128", "dev", "eth0");
        space.Ip("route", "add", "default", "via", v6);
    }
}

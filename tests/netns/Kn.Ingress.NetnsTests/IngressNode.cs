using System.Diagnostics;
using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Ingress.Tests;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.NetnsTests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Ingress.NetnsTests;

/// <summary>A node with the module as the host runs it, and two real servers on it, Debian's nginx, that say which they are. Needs root.</summary>
internal sealed class IngressNode : IAsyncDisposable
{
    public const ushort First = 9001;
    public const ushort Second = 9002;

    private readonly string _folder = Directory.CreateTempSubdirectory("kn-ingress-test").FullName;
    private readonly Process _servers;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public IngressNode(params IEnumerable<KubernetesObject> objects)
    {
        Cache.Watch(ResourceKinds.Ingresses, ResourceKinds.IngressClasses, ResourceKinds.Services, ResourceKinds.EndpointSlices, ResourceKinds.Secrets);
        var all = objects.Append(Build.Class("kn")).ToArray();
        Cache.Replace(ResourceKinds.IngressClasses, all.OfType<IngressClass>());
        Cache.Replace(ResourceKinds.Ingresses, all.OfType<IngressObject>());
        Cache.Replace(ResourceKinds.Services, all.OfType<Service>());
        Cache.Replace(ResourceKinds.EndpointSlices, all.OfType<EndpointSlice>());
        Cache.Replace(ResourceKinds.Secrets, all.OfType<Secret>());
        _servers = StartServers();
    }

    public TestNamespace Space { get; } = new("kning");

    public ClusterCache Cache { get; } = new();

    public ModuleContext Context { get; private set; } = null!;

    public IngressOptions Options { get; set; } = new() { Threads = 2 };

    /// <summary>Where the test may put files.</summary>
    public string Folder => _folder;

    /// <summary>What the next process is given.</summary>
    public IStoredSockets Stored { get; set; } = new NothingStored();

    /// <summary>A Service with one port, 80.</summary>
    public static Service WebService(string name = "web") => Build.Service(name, new ServicePort("", IpProtocol.Tcp, 80, 0));

    /// <summary>Its endpoints: servers of this node.</summary>
    public static EndpointSlice Endpoints(ushort port, string service = "web", string address = "127.0.0.1") =>
        Build.Slice(service, service, [new EndpointPort("", IpProtocol.Tcp, port)], Build.Endpoint(address));

    public void Start()
    {
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        Context = NewContext();
        var context = Context;
        var module = new IngressModule(Options) { Inside = Space.Namespace };
        _running = Space.Namespace.Run(() => module.RunAsync(context, _stop.Token));
        Eventually.True(() => _running.IsCompleted || context.Status.Read().Parts is [{ Ready: true }, { Ready: true }], "the routes are in place");
        Assert.False(_running.IsFaulted, _running.Exception?.ToString());
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        Assert.False(_running.IsFaulted, _running.Exception?.ToString());
    }

    /// <summary>Runs curl; what it prints.</summary>
    public string Curl(params string[] arguments) => Space.Exec("curl", ["--silent", "--show-error", "--max-time", "20", .. arguments]);

    /// <summary>Begins wrk against a host of the node.</summary>
    public Task<string> LoadAsync(string host, string duration) =>
        Task.Run(() => Space.Exec("wrk", "-t1", "-c16", $"-d{duration}", "-H", $"Host: {host}", "http://127.0.0.1/"));

    /// <summary>Begins wrk against a host of the node whose name the machine knows, by TLS.</summary>
    public Task<string> LoadTlsAsync(string host, string duration, params string[] more) =>
        Task.Run(() => Space.Exec("wrk", ["-t1", "-c16", $"-d{duration}", .. more, $"https://{host}/"]));

    /// <summary>Runs openssl s_client without anything to send; what it prints.</summary>
    public string Handshake(params string[] arguments)
    {
        var result = Tool.Try("ip", ["netns", "exec", Space.Name, "openssl", "s_client", "-connect", "127.0.0.1:443", .. arguments], "");
        return result.Output + result.Error;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _servers.Kill(entireProcessTree: true);
        await _servers.WaitForExitAsync();
        _servers.Dispose();
        Space.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private ModuleContext NewContext() => new()
    {
        Node = new NodeOptions { Name = "n1", Paths = new PathOptions { Run = _folder } },
        Cache = Cache,
        Loggers = NullLoggerFactory.Instance,
        Metrics = new MetricRegistry(),
        Control = new ControlHandlers(),
        Status = new ModuleStatus("ingress"),
        StoredSockets = Stored,
        PodGates = new PodGates(),
        Time = TimeProvider.System,
    };

    private Process StartServers()
    {
        string Server(ushort port, string name) =>
            $$"""server { listen 127.0.0.1:{{port}} backlog=1024; listen [::1]:{{port}}; client_max_body_size 0; client_body_buffer_size 16m; location / { return 200 "{{name}} $request_method $uri $http_x_forwarded_for $http_x_forwarded_proto\n"; } location /put/ { root {{_folder}}; dav_methods PUT; create_full_put_path on; } }""";
        File.WriteAllText($"{_folder}/nginx.conf", $$"""
            daemon off; worker_processes 1; user root; error_log {{_folder}}/error.log; pid {{_folder}}/pid; events { worker_connections 1024; }
            http { access_log off; keepalive_requests 100000000; client_body_temp_path {{_folder}}/t1; proxy_temp_path {{_folder}}/t2; fastcgi_temp_path {{_folder}}/t3; uwsgi_temp_path {{_folder}}/t4; scgi_temp_path {{_folder}}/t5;
              {{Server(First, "first")}}
              {{Server(Second, "second")}} }
            """);
        var process = Tool.Start("ip", "netns", "exec", Space.Name, "nginx", "-c", $"{_folder}/nginx.conf", "-p", _folder);
        Eventually.True(
            () => Tool.Try("ip", ["netns", "exec", Space.Name, "curl", "--silent", $"http://127.0.0.1:{Second}/"]).ExitCode == 0,
            "the servers answer");
        return process;
    }
}

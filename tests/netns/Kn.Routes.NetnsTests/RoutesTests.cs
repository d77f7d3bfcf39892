using System.Diagnostics;
using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Routes.NetnsTests;

/// <summary>Routes between nodes against the kernel. Needs root.</summary>
public sealed class RoutesTests : IAsyncLifetime, IDisposable
{
    private readonly string _space = $"kr{Guid.NewGuid():N}"[..10];
    private readonly ModuleContext _context;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public RoutesTests()
    {
        NetworkNamespace.Create(_space).Dispose();
        _context = new ModuleContext
        {
            Node = new NodeOptions { Name = "n1" },
            Cache = new ClusterCache(),
            Loggers = NullLoggerFactory.Instance,
            Metrics = new MetricRegistry(),
            Control = new ControlHandlers(),
            Status = new ModuleStatus("routes"),
            PodGates = new PodGates(),
            Time = TimeProvider.System,
        };
        _context.Cache.Watch(ResourceKinds.Nodes);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        NetworkNamespace.Remove(_space);
    }

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task EveryOtherNode_IsRouted_OwnUnassignedAddressesAreUnreachable()
    {
        await StartAsync(Node("n1", "1"), Node("n2", "2"), Node("n3", "3"));
        await UntilAsync(routes => routes.Contains("10.244.3.0/24 via 192.0.2.3 dev up0", StringComparison.Ordinal));
        var all = await RoutesAsync();
        Assert.Contains("10.244.2.0/24 via 192.0.2.2 dev up0", all, StringComparison.Ordinal);
        Assert.Contains("fd00:244:2::/64 via 2001:db8::2 dev up0", all, StringComparison.Ordinal);
        Assert.Contains("unreachable 10.244.1.0/24", all, StringComparison.Ordinal);
        Assert.Contains("unreachable fd00:244:1::/64", all, StringComparison.Ordinal);
        Assert.Equal("1", (await RunAsync($"ip netns exec {_space} cat /proc/sys/net/ipv4/ip_forward")).Trim());
        Assert.Equal("1", (await RunAsync($"ip netns exec {_space} cat /proc/sys/net/ipv6/conf/all/forwarding")).Trim());
    }

    [Fact]
    public async Task Changes_AreFollowed()
    {
        await StartAsync(Node("n1", "1"), Node("n2", "2"));
        await UntilAsync(static routes => routes.Contains("10.244.2.0/24 via 192.0.2.2", StringComparison.Ordinal));
        _context.Cache.Apply(ResourceKinds.Nodes, ObjectDelta.Set(Node("n2", "2") with { InternalIps = [IpAddress.Parse("192.0.2.77"), IpAddress.Parse("2001:db8::77")] }));
        await UntilAsync(static routes => routes.Contains("10.244.2.0/24 via 192.0.2.77", StringComparison.Ordinal)
            && routes.Contains("fd00:244:2::/64 via 2001:db8::77", StringComparison.Ordinal)
            && !routes.Contains("via 192.0.2.2 ", StringComparison.Ordinal) && !routes.Contains("2001:db8::2 ", StringComparison.Ordinal));
        _context.Cache.Replace(ResourceKinds.Nodes, [Node("n1", "1")]);
        await UntilAsync(static routes => !routes.Contains("10.244.2.0", StringComparison.Ordinal) && !routes.Contains("fd00:244:2:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ForeignAndPodRoutes_AreUntouched_StrayOnesOfOursGo()
    {
        await MakeUnderlayAsync();
        await RunAsync($"ip -n {_space} route add 10.244.9.0/24 via 192.0.2.9");
        await RunAsync($"ip -n {_space} route add 10.244.1.5/32 dev up0 proto 75 scope link");
        await RunAsync($"ip -n {_space} route add 10.244.8.0/24 via 192.0.2.8 proto 75 metric 99");
        await StartAsync(Node("n1", "1"), Node("n2", "2"));
        await UntilAsync(static routes => routes.Contains("10.244.2.0/24", StringComparison.Ordinal) && !routes.Contains("10.244.8.0/24", StringComparison.Ordinal));
        var all = await RunAsync($"ip -n {_space} route");
        Assert.Contains("10.244.9.0/24 via 192.0.2.9", all, StringComparison.Ordinal);
        Assert.Contains("10.244.1.5 dev up0", all, StringComparison.Ordinal);
        using var own = NetworkNamespace.OpenNamed(_space);
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        await own.Run(() => new RoutesModule(new RoutesOptions()).CleanupAsync(_context, CancellationToken.None));
        await own.Run(() => new RoutesModule(new RoutesOptions()).CleanupAsync(_context, CancellationToken.None));
        var left = await RoutesAsync();
        Assert.DoesNotContain("10.244.2.0", left, StringComparison.Ordinal);
        Assert.DoesNotContain("unreachable", left, StringComparison.Ordinal);
        Assert.Contains("10.244.1.5", left, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RouteDeletedByHand_ComesBack()
    {
        await StartAsync(Node("n1", "1"), Node("n2", "2"));
        await UntilAsync(static routes => routes.Contains("fd00:244:2::/64", StringComparison.Ordinal));
        await RunAsync($"ip -n {_space} route del 10.244.2.0/24");
        await RunAsync($"ip -n {_space} -6 route del fd00:244:2::/64");
        await UntilAsync(static routes => routes.Contains("10.244.2.0/24 via 192.0.2.2", StringComparison.Ordinal) && routes.Contains("fd00:244:2::/64", StringComparison.Ordinal));
        await PollAsync(() => Task.FromResult(_context.Metrics.ToPrometheusText().Contains("kn_routes_repaired_total 2", StringComparison.Ordinal)));
        await RunAsync($"ip -n {_space} link set up0 down");
        await RunAsync($"ip -n {_space} link set up0 up");
        await UntilAsync(static routes => routes.Contains("10.244.2.0/24 via 192.0.2.2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task NodeBehindARouter_IsAProblem_AndTheOthersAreServed()
    {
        await StartAsync(Node("n1", "1"), Node("n2", "2"), Node("n3", "3") with { InternalIps = [IpAddress.Parse("198.51.100.3")] });
        await UntilAsync(static routes => routes.Contains("10.244.2.0/24", StringComparison.Ordinal));
        await PollAsync(() => Task.FromResult(_context.Status.Read().Parts.Any(static part => part.Problems.Any(static problem => problem.Message.Contains("198.51.100.3", StringComparison.Ordinal)))));
        Assert.DoesNotContain("10.244.3.0", await RoutesAsync(), StringComparison.Ordinal);
        var metrics = _context.Metrics.ToPrometheusText();
        Assert.Contains("kn_routes_unreachable_nodes 1", metrics, StringComparison.Ordinal);
        Assert.Contains("kn_routes_installed{family=\"ipv4\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("kn_routes_installed{family=\"ipv6\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("kn_routes_repaired_total 0", metrics, StringComparison.Ordinal);
    }

    private static Node Node(string name, string number) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        PodCidrs = [IpPrefix.Parse($"10.244.{number}.0/24"), IpPrefix.Parse($"fd00:244:{number}::/64")],
        InternalIps = [IpAddress.Parse($"192.0.2.{number}"), IpAddress.Parse($"2001:db8::{number}")],
    };

    private async Task MakeUnderlayAsync()
    {
        if ((await RunAsync($"ip -n {_space} link")).Contains("up0", StringComparison.Ordinal))
        {
            return;
        }

        await RunAsync($"ip -n {_space} link add up0 type veth peer name up1");
        await RunAsync($"ip -n {_space} link set up1 up");
        await RunAsync($"ip -n {_space} link set up0 up");
        await RunAsync($"ip -n {_space} addr add 192.0.2.1/24 dev up0");
        await RunAsync($"ip -n {_space} addr add 2001:db8::1/64 dev up0 nodad");
    }

    private async Task StartAsync(params Node[] nodes)
    {
        await MakeUnderlayAsync();
        _context.Cache.Replace(ResourceKinds.Nodes, nodes);
        using var own = NetworkNamespace.OpenNamed(_space);
        _running = own.Run(() => new RoutesModule(new RoutesOptions()).RunAsync(_context, _stop.Token));
    }

    private async Task<string> RoutesAsync() =>
        await RunAsync($"ip -n {_space} route show proto 75") + await RunAsync($"ip -n {_space} -6 route show proto 75");

    private async Task UntilAsync(Func<string, bool> condition) => await PollAsync(async () => condition(await RoutesAsync()));

    private async Task PollAsync(Func<Task<bool>> condition)
    {
        var deadline = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(deadline.Elapsed < TimeSpan.FromSeconds(60), $"not so within a minute; running: {_running.Status} {_running.Exception}\n{await RoutesAsync()}");
            await Task.Delay(20);
        }
    }

    private static async Task<string> RunAsync(string command)
    {
        var words = command.Split(' ');
        using var process = Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{command}: {await error}");
        return await output;
    }
}

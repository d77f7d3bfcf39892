using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Kubernetes.Objects;
using Kn.Linux.Namespaces;
using Kn.NetnsTests;
using Kn.Primitives;
using Kn.ServiceProxy.Tests;
using Xunit.Abstractions;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>Endpoints come and go fifty times a second while clients keep connecting: a minute, or as long as KN_SOAK_MINUTES says. Needs root.</summary>
/// <remarks>Alone in its process while it runs: what it weighs is the process.</remarks>
[Collection(Alone.Group)]
[CollectionDefinition(Alone.Group, DisableParallelization = true)]
public sealed class SoakTests(ITestOutputHelper output) : IDisposable
{
    private const int FirstPort = 9000;
    private const int Ports = 4;
    private const int Clients = 6;
    private const int PortsFrom = 12_000;
    private const int PortsEach = 8_000;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private readonly TestNet _net = new();
    private readonly ConcurrentDictionary<string, long> _removedAt = [];
    private readonly ConcurrentBag<string> _failures = [];
    private long _connections;

    [Fact]
    [Conformance("services", "Changes")]
    public async Task FiftyEndpointChangesASecond_RefuseNobody_AndSendNobodyToAnEndpointThatIsGone()
    {
        using var responders = new Responders(_net);
        await using var module = new ModuleRun(_net, [Service("web", 10), .. Enumerable.Range(0, Ports).SelectMany(port => new[] { Slice(port, 4, Everybody), Slice(port, 6, Everybody) })]);
        await module.StartAsync();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(double.Parse(Environment.GetEnvironmentVariable("KN_SOAK_MINUTES") ?? "1", CultureInfo.InvariantCulture)));
        var clients = Enumerable.Range(0, Clients).Select(number => new Thread(() => Connect(number, stop.Token))).ToList();
        clients.ForEach(static client => client.Start());
        var early = 0L;
        var changes = await ChurnAsync(module, change => early = change == 500 ? LiveMemory.Read() : early, stop.Token);
        clients.ForEach(static client => client.Join());
        var late = LiveMemory.Read();
        output.WriteLine($"{changes} changes, {_connections} connections, {early / 1024} kB early, {late / 1024} kB late");
        Assert.Empty(_failures);
        Assert.True(changes > 500 && _connections > 1000, $"only {changes} changes and {_connections} connections: nothing was shown");
        Assert.True(late - early < 4 << 20, $"memory grew from {early} to {late} bytes");
        Assert.True(_net.OnNode("nft", "list", "map", "inet", "kn-proxy", "endpoints4").Length < 4000, "the table does not grow");
    }

    public void Dispose() => _net.Dispose();

    private static int[] Everybody => [1, 2, 3];

    private static string Name(int pod, int port, int family) => $"p{pod}:{port}/{family}";

    private static EndpointSlice Slice(int port, int family, IEnumerable<int> pods)
    {
        var prefix = family == 6 ? "fd00:244:1::1" : "10.244.1.1";
        var slice = Build.Slice("web", $"{port}-{family}", To((ushort)(FirstPort + port)), [.. pods.Select(pod => At($"{prefix}{pod}", "n1"))]);
        return slice with { Family = family == 6 ? IpFamily.V6 : IpFamily.V4 };
    }

    /// <summary>Each change takes an endpoint away or gives it back; at least half of a family's always stay.</summary>
    private async Task<int> ChurnAsync(ModuleRun module, Action<int> changed, CancellationToken stop)
    {
        var random = new Random(4);
        var present = Enumerable.Range(0, Ports).SelectMany(static port => new[] { (port, 4), (port, 6) }).ToDictionary(static slice => slice, static _ => new SortedSet<int>(Everybody));
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var changes = 0;
        while (!stop.IsCancellationRequested)
        {
            await pace.WaitForNextTickAsync(CancellationToken.None);
            var (port, family) = (random.Next(Ports), random.Next(2) == 0 ? 4 : 6);
            var (pods, pod) = (present[(port, family)], random.Next(1, 4));
            var all = present.Where(slice => slice.Key.Item2 == family).Sum(static slice => slice.Value.Count);
            if (pods.Contains(pod) && all <= Ports * 3 / 2)
            {
                continue;
            }

            if (pods.Remove(pod))
            {
                module.Set(Slice(port, family, pods));
                _removedAt[Name(pod, port, family)] = Stopwatch.GetTimestamp();
            }
            else
            {
                // Given back before it is told: whoever is sent there at once is sent rightly.
                pods.Add(pod);
                _removedAt.TryRemove(Name(pod, port, family), out _);
                module.Set(Slice(port, family, pods));
            }

            changed(++changes);
        }

        return changes;
    }

    private void Connect(int number, CancellationToken stop)
    {
        var (from, target) = number % 2 == 0 ? (_net.Pods[0], "10.96.0.10") : (_net.Outside, "fd00:96::a");
        for (var turn = 0; !stop.IsCancellationRequested; turn++)
        {
            // Ports in turn: one that is used again within seconds would meet the conntrack entry of the connection before, and its endpoint.
            var port = PortsFrom + (number * PortsEach) + (turn % PortsEach);
            var before = Stopwatch.GetTimestamp();
            var answer = Ask(from, port, new IPEndPoint(IPAddress.Parse(target), 80));
            Interlocked.Increment(ref _connections);
            if (!answer.StartsWith('p'))
            {
                _failures.Add($"{target}: {answer}");
            }
            else if (_removedAt.TryGetValue(answer.Split(' ')[0] + (number % 2 == 0 ? "/4" : "/6"), out var removed) && before - removed > Grace.TotalSeconds * Stopwatch.Frequency)
            {
                _failures.Add($"{target}: {answer} was removed {Stopwatch.GetElapsedTime(removed, before).TotalSeconds} s before");
            }
        }
    }

    /// <summary>Closes with a reset: clients would run out of ports waiting for the end of so many connections.</summary>
    private static string Ask(NetworkNamespace from, int port, IPEndPoint target)
    {
        using var socket = from.Run(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        socket.LingerState = new LingerOption(true, 0);
        socket.ReceiveTimeout = 20_000;
        try
        {
            socket.Bind(new IPEndPoint(target.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, port));
            socket.Connect(target);
            socket.Send("who"u8);
            var buffer = new byte[200];
            return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode.ToString();
        }
    }

    private sealed class Responders(TestNet net) : IDisposable
    {
        private readonly Responder[] _all = [.. Everybody.SelectMany(pod => Enumerable.Range(0, Ports).Select(port => new Responder(net.Pods[pod - 1], $"p{pod}:{port}", FirstPort + port)))];

        public void Dispose() => Array.ForEach(_all, static responder => responder.Dispose());
    }
}

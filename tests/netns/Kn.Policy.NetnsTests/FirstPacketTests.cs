using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kn.Cni;
using Kn.Cni.Ipam;
using Kn.Hosting.Control;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Namespaces;
using Kn.NetnsTests;
using Kn.Primitives;
using Xunit.Abstractions;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.NetnsTests;

/// <summary>Pods start under a policy that denies them everything, and each sends a SYN of each family as its first act: KN_POLICY_STARTS of them, 400 if it says nothing.
/// The module Cni attaches them, the gate and the table are the real ones; a pod is a network namespace. Needs root.</summary>
/// <remarks>The API tells of half of the pods only after their ADD began, never of an address, and forgets pods late; there are 61 addresses, so that each is
/// used again soon. Every eighth pod may send: its SYNs arrive, which shows that the others' were on their way.</remarks>
[Collection(Alone.Group)]
public sealed partial class FirstPacketTests : IAsyncLifetime, IDisposable
{
    private const int Workers = 4;
    private const int LivesFor = 4;
    private readonly TestNamespace _node = new("knpstn");
    private readonly TestNamespace _sink = new("knpsts");
    private readonly ITestOutputHelper _output;

    public FirstPacketTests(ITestOutputHelper output)
    {
        _output = output;
        Modules = new RunningModules(_node.Namespace);
    }

    private RunningModules Modules { get; }

    public Task InitializeAsync()
    {
        foreach (var space in (TestNamespace[])[_node, _sink])
        {
            space.Exec("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.default.accept_dad=0");
        }

        Tool.Run("ip", "link", "add", "s0", "netns", _node.Name, "type", "veth", "peer", "name", "eth0", "netns", _sink.Name);
        foreach (var (space, link, address4, address6) in ((TestNamespace, string, string, string)[])[(_node, "s0", "203.0.113.1/24", "2001:db8::1/64"), (_sink, "eth0", "203.0.113.5/24", "2001:db8::5/64")])
        {
            space.Ip("addr", "add", address4, "dev", link);
            space.Ip("addr", "add", address6, "dev", link, "nodad");
            space.Ip("link", "set", link, "up");
        }

        // What pods send, and what arrives.
        _node.Exec("nft", "add table inet watch; add chain inet watch syns { type filter hook prerouting priority -310; }; add rule inet watch syns iifgroup 75 tcp flags syn / fin,syn,rst,ack counter");
        _sink.Exec("nft", "add table inet watch; add chain inet watch syns { type filter hook prerouting priority -310; }; add rule inet watch syns tcp flags syn / fin,syn,rst,ack counter");
        Modules.Cache.Replace(ResourceKinds.Nodes, [new Node { Metadata = new ObjectMeta { Name = "n1" }, PodCidrs = [IpPrefix.Parse("10.0.1.0/26"), IpPrefix.Parse("fd00:10:1::/122")], InternalIps = [IpAddress.Parse("192.0.2.1")] }]);
        Modules.Cache.Replace(ResourceKinds.Namespaces, [Namespace("a")]);
        Modules.Cache.Replace(ResourceKinds.Pods, []);
        Modules.Cache.Replace(ResourceKinds.NetworkPolicies, [PolicyOf("a/deny", """{"podSelector":{"matchExpressions":[{"key":"may","operator":"DoesNotExist"}]},"policyTypes":["Ingress","Egress"]}""")]);
        Modules.Cache.Watch(ResourceKinds.Nodes, ResourceKinds.Namespaces, ResourceKinds.Pods, ResourceKinds.NetworkPolicies);
        Modules.StartPolicy();
        Modules.Start("cni", new CniModule(new CniOptions { InstallPlugin = false, Masquerade = false, Ipam = new IpamOptions { CoolDown = TimeSpan.Zero } }));
        Eventually.True(() => Modules.Context.Control.Find(CniModule.Verb) is not null, "the pod network runs");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await Modules.DisposeAsync();

    public void Dispose()
    {
        _node.Dispose();
        _sink.Dispose();
    }

    [Fact]
    [Conformance("policy", "Start and stop")]
    public async Task NewPod_IsIsolated_BeforeItsFirstPacket()
    {
        var starts = int.Parse(Environment.GetEnvironmentVariable("KN_POLICY_STARTS") ?? "400", CultureInfo.InvariantCulture);
        var began = TimeProvider.System.GetTimestamp();
        var allowed = (await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => StartAsync(worker, starts / Workers))))).Sum();
        var (sent, arrived) = (Count(_node), Count(_sink));
        _output.WriteLine($"{starts} starts in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F1} s; {sent} SYNs sent, {arrived} arrived of {2 * allowed} that may");
        Assert.True(sent >= 2 * (starts / Workers) * Workers, $"{sent} SYNs of {starts} pods: some were not sent, and nothing was shown");
        Assert.Equal(2 * allowed, arrived);
    }

    private async Task<int> StartAsync(int worker, int count)
    {
        var (alive, allowed) = (new Queue<(string Name, Pod Item)>(), 0);
        for (var turn = 0; turn < count; turn++)
        {
            var name = $"p{worker}-{turn}";
            var may = turn % 8 == 7;
            var pod = Pod($"a/{name}", "n1", may ? "may=yes" : "") with { Phase = "Pending" };
            pod = pod with { Metadata = pod.Metadata with { Uid = $"u-{name}" } };
            var space = $"kps{Environment.ProcessId}-{name}";
            NetworkNamespace.Create(space).Dispose();
            alive.Enqueue((space, pod));
            var isEarly = turn % 2 == 0;
            if (isEarly)
            {
                Modules.Cache.Apply(ResourceKinds.Pods, ObjectDelta.Set(pod));
            }

            var add = Task.Run(() => CallAsync("ADD", name, space));
            if (!isEarly)
            {
                await Task.Yield();
                Modules.Cache.Apply(ResourceKinds.Pods, ObjectDelta.Set(pod));
            }

            await add;
            allowed += may ? 1 : 0;
            Send(space);
            if (alive.Count > LivesFor)
            {
                await EndAsync(alive.Dequeue());
            }
        }

        while (alive.TryDequeue(out var last))
        {
            await EndAsync(last);
        }

        return allowed;
    }

    /// <summary>The kernel sends the SYN before connect returns, and has the packet where it gets to before that.</summary>
    private static void Send(string space)
    {
        using var inside = NetworkNamespace.OpenNamed(space);
        foreach (var target in (IPEndPoint[])[new(IPAddress.Parse("203.0.113.5"), 80), new(IPAddress.Parse("2001:db8::5"), 80)])
        {
            using var socket = inside.Run(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
            socket.Blocking = false;
            try
            {
                socket.Connect(target);
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                // It is on its way.
            }
        }
    }

    /// <summary>The pod goes, and its object only after its address is somebody else's.</summary>
    private async Task EndAsync((string Space, Pod Item) pod)
    {
        await CallAsync("DEL", pod.Item.Metadata.Name, pod.Space);
        NetworkNamespace.Remove(pod.Space);
        _ = Task.Delay(TimeSpan.FromMilliseconds(200)).ContinueWith(_ => Modules.Cache.Apply(ResourceKinds.Pods, ObjectDelta.Gone(pod.Item.Key)), TaskScheduler.Default);
    }

    private async Task CallAsync(string command, string name, string space)
    {
        var config = new JsonObject { ["cniVersion"] = "1.1.0", ["name"] = "kn", ["type"] = "kn" };
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CNI_COMMAND"] = command,
            ["CNI_CONTAINERID"] = name,
            ["CNI_IFNAME"] = "eth0",
            ["CNI_ARGS"] = $"IgnoreUnknown=1;K8S_POD_NAMESPACE=a;K8S_POD_NAME={name};K8S_POD_UID=u-{name}",
            ["CNI_PATH"] = "/opt/cni/bin",
            ["CNI_NETNS"] = $"/run/netns/{space}",
        };
        var answer = await Modules.Context.Control.Find(CniModule.Verb)!(new ControlRequest(CniModule.Verb, environment, Encoding.UTF8.GetBytes(config.ToJsonString())), CancellationToken.None);
        Assert.True(answer.ExitCode == 0, Encoding.UTF8.GetString(answer.Body.Span));
    }

    private static int Count(TestNamespace space) =>
        int.Parse(Packets().Match(space.Exec("nft", "list", "chain", "inet", "watch", "syns")).Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"counter packets (\d+)")]
    private static partial Regex Packets();
}

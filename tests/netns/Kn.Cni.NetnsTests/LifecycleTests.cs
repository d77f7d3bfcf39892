using System.Text.Json.Nodes;
using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.Cni.NetnsTests;

/// <summary>Starts, stops, masquerade, the other verbs, clean-up. Needs root.</summary>
public sealed class LifecycleTests
{
    [Fact]
    public async Task Restart_AdoptsRunningPods_AndFreesThoseThatAreGone()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (kept, result) = await node.AddAsync("kept");
        var (gone, _) = await node.AddAsync("gone");
        await node.StopAsync();
        Assert.Equal(11, (await node.CallAsync("ADD", "while-stopped", kept)).Code);
        NetworkNamespace.Remove(gone);
        await Poll.UntilAsync(async () => !(await Run.TextAsync($"ip -n {node.Name} route")).Contains("10.244.1.2", StringComparison.Ordinal));
        await node.StartAsync();
        Assert.Equal("", (await node.CallAsync("CHECK", "kept", kept, result)).Message);
        Assert.Equal("1", node.Fact("pods"));
        var (_, next) = await node.AddAsync("next");
        Assert.Equal("10.244.1.3/32", (string)next["ips"]![0]!["address"]!);
        Assert.Equal(0, (await node.CallAsync("DEL", "gone", null)).ExitCode);
    }

    [Fact]
    public async Task Restart_RemovesHalfMadeAndUnknownLinks_AndSparesForeignOnes()
    {
        await using var node = new TestNode();
        await Run.TextAsync($"ip -n {node.Name} link add kn0123456789ab group 75 type veth peer name x0");
        await Run.TextAsync($"ip -n {node.Name} link add kn0123456789cd group 76 type veth peer name x1");
        await Run.TextAsync($"ip -n {node.Name} link add foreign type veth peer name x2");
        await node.StartAsync();
        Assert.Equal("", await node.LeftoversAsync());
        await Run.TextAsync($"ip -n {node.Name} link show foreign");
    }

    [Fact]
    public async Task Restart_PutsBackWhatWasRemovedMeanwhile()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        var link = (string)result["interfaces"]![0]!["name"]!;
        await node.StopAsync();
        await Run.TextAsync($"ip -n {node.Name} route del 10.244.1.1");
        await Run.TextAsync($"ip -n {node.Name} neigh del fd00:10:244:1::1 dev {link}");
        await node.StartAsync();
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
    }

    [Fact]
    public async Task RoutesOfPods_RemovedByOthers_ComeBack_AndThoseOfDeletedPodsDoNot()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (_, result) = await node.AddAsync("c1");
        var (other, _) = await node.AddAsync("c2");
        var link = (string)result["interfaces"]![0]!["name"]!;
        await node.CallAsync("DEL", "c2", other);
        await Run.TextAsync($"ip -n {node.Name} route flush proto 75");
        await Run.TextAsync($"ip -n {node.Name} -6 route flush proto 75");
        await Poll.UntilAsync(async () => (await Run.TextAsync($"ip -n {node.Name} route")).Contains($"10.244.1.1 dev {link}", StringComparison.Ordinal)
            && (await Run.TextAsync($"ip -n {node.Name} -6 route")).Contains($"fd00:10:244:1::1 dev {link}", StringComparison.Ordinal));
        Assert.DoesNotContain("10.244.1.2", await Run.TextAsync($"ip -n {node.Name} route"), StringComparison.Ordinal);
        // The kernel drops the routes of a link that goes down, IPv4's without a word and IPv6's with one: that is enough.
        await Run.TextAsync($"ip -n {node.Name} link set {link} down");
        await Run.TextAsync($"ip -n {node.Name} link set {link} up");
        await Poll.UntilAsync(async () => (await Run.TextAsync($"ip -n {node.Name} route")).Contains($"10.244.1.1 dev {link}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task MasqueradeTable_ChangedOrRemovedByOthers_ComesBack()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var list = $"ip netns exec {node.Name} nft -s list table inet kn-cni";
        await Poll.UntilAsync(async () => (await Run.TextAsync(list)).Contains("10.244.1.0/24", StringComparison.Ordinal));
        var whole = await Run.TextAsync(list);
        foreach (var change in (string[])["flush ruleset", "delete table inet kn-cni", "flush chain inet kn-cni postrouting", "add element inet kn-cni inside4 { 9.9.9.0/24 }", "flush set inet kn-cni local6"])
        {
            await Run.TextAsync($"ip netns exec {node.Name} nft {change}");
            await Poll.UntilAsync(async () => (await Run.TryAsync(list)).Output == whole);
        }
    }

    [Fact]
    public async Task SpoiledJournal_StartsAnyway()
    {
        await using var node = new TestNode();
        var path = Path.Combine(node.Context.Node.Paths.State, "cni");
        Directory.CreateDirectory(path);
        await File.WriteAllBytesAsync(Path.Combine(path, "attachments"), [0, 1, 2, 255, 10, 13]);
        await node.StartAsync();
        await node.AddAsync("c1");
    }

    [Fact]
    [Conformance("cni", "STATUS")]
    public async Task WithoutPodCidr_AddIsTryAgainLater_StatusIs50_AndThereIsNoConflist()
    {
        await using var node = new TestNode { Options = new CniOptions { InstallPlugin = false, PodCidrTimeout = TimeSpan.FromMilliseconds(50) } };
        await node.StartAsync();
        Assert.Equal(0, (await node.CallAsync("STATUS", "", null)).ExitCode);
        node.SetNode([]);
        var conflist = Path.Combine(node.Context.Node.Paths.CniConfig, "10-kn.conflist");
        await Poll.UntilAsync(() => !File.Exists(conflist));
        var answer = await node.CallAsync("ADD", "c1", node.CreatePodNamespace());
        Assert.Equal(11, answer.Code);
        Assert.Contains("podCIDR", answer.Message, StringComparison.Ordinal);
        Assert.Equal(50, (await node.CallAsync("STATUS", "", null)).Code);
        node.SetNode([IpPrefix.Parse("10.244.1.0/24")]);
        await Poll.UntilAsync(() => File.Exists(conflist));
        await node.AddAsync("c1");
        var list = JsonNode.Parse(await File.ReadAllTextAsync(conflist))!;
        Assert.Equal(node.Context.Node.Paths.Socket, (string)list["plugins"]![0]!["socket"]!);
    }

    [Fact]
    [Conformance("cni", "GC")]
    public async Task Gc_KeepsTheValidOnesOnly()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        await node.AddAsync("c2");
        var handler = node.Context.Control.Find("cni")!;
        var config = """{"cniVersion":"1.1.0","name":"kn","cni.dev/valid-attachments":[{"containerID":"c1","ifname":"eth0"}]}"""u8.ToArray();
        var response = await handler(new Kn.Hosting.Control.ControlRequest("cni", new Dictionary<string, string> { ["CNI_COMMAND"] = "GC" }, config), CancellationToken.None);
        Assert.Equal(0, response.ExitCode);
        Assert.Equal("1", node.Fact("pods"));
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
    }

    [Fact]
    public async Task LeavingTheCluster_IsMasqueraded_InsideKeepsTheSource()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var outside = node.CreatePodNamespace();
        await Run.TextAsync($"ip -n {node.Name} link add up0 type veth peer name eth0 netns {outside}");
        foreach (var (space, link, four, six) in (ReadOnlySpan<(string, string, string, string)>)[(node.Name, "up0", "192.0.2.1/24", "2001:db8::1/64"), (outside, "eth0", "192.0.2.9/24", "2001:db8::9/64")])
        {
            SetUp(space, link, four, six);
        }

        await Run.TextAsync($"ip -n {outside} addr add 10.244.9.9/32 dev eth0");
        await Run.TextAsync($"ip -n {outside} route add 10.244.1.0/24 via 192.0.2.1");
        await Run.TextAsync($"ip -n {outside} -6 route add fd00:10:244:1::/64 via 2001:db8::1");
        await Run.TextAsync($"ip -n {node.Name} route add 10.244.9.9 via 192.0.2.9");
        var (pod, _) = await node.AddAsync("c1");
        await Poll.UntilAsync(async () => (await Run.TextAsync($"ip netns exec {node.Name} nft list table inet kn-cni")).Contains("10.244.1.0/24", StringComparison.Ordinal));
        Assert.Equal("192.0.2.1", await SourceSeenAsync(outside, pod, "192.0.2.9"));
        Assert.Equal("10.244.1.1", await SourceSeenAsync(outside, pod, "10.244.9.9"));
        Assert.Equal("2001:db8::1", await SourceSeenAsync(outside, pod, "2001:db8::9"));
    }

    [Fact]
    public async Task Cleanup_LeavesNothing_AlsoTwice()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, _) = await node.AddAsync("c1");
        await Poll.UntilAsync(async () => (await Run.TryAsync($"ip netns exec {node.Name} nft list table inet kn-cni")).ExitCode == 0);
        await node.StopAsync();
        await node.CleanupAsync();
        await node.CleanupAsync();
        Assert.Equal("", await node.LeftoversAsync());
        Assert.NotEqual(0, (await Run.TryAsync($"ip -n {pod} link show eth0")).ExitCode);
        Assert.Equal("", await Run.TextAsync($"ip netns exec {node.Name} nft list ruleset"));
        Assert.False(File.Exists(Path.Combine(node.Context.Node.Paths.CniConfig, "10-kn.conflist")));
        Assert.False(Directory.Exists(Path.Combine(node.Context.Node.Paths.State, "cni")));
    }

    private static void SetUp(string space, string link, string four, string six)
    {
        using var inside = NetworkNamespace.OpenNamed(space);
        using var socket = Kn.Linux.Routes.RouteSocket.Open(inside);
        var index = socket.FindLink(link)!.Index;
        socket.ChangeLink(index, new Kn.Linux.Routes.LinkChange { Up = true });
        foreach (var text in (ReadOnlySpan<string>)[four, six])
        {
            var prefix = IpPrefix.Parse(text);
            socket.EnsureAddress(index, new Kn.Linux.Routes.LinkAddress
            {
                Address = IpAddress.Parse(text.AsSpan(0, text.IndexOf('/', StringComparison.Ordinal))),
                PrefixLength = prefix.Length,
                Flags = prefix.Family == IpFamily.V6 ? Kn.Linux.Routes.LinkAddressFlags.NoDuplicateDetection : default,
            });
        }
    }

    /// <summary>Sends a datagram from the pod to a socket outside, and returns the source address that it arrives with.</summary>
    private static async Task<string> SourceSeenAsync(string outside, string pod, string address)
    {
        var target = System.Net.IPAddress.Parse(address);
        using var server = OpenUdp(outside, new System.Net.IPEndPoint(target, 7777));
        using var client = OpenUdp(pod, null, target.AddressFamily);
        await client.SendToAsync("x"u8.ToArray(), System.Net.Sockets.SocketFlags.None, new System.Net.IPEndPoint(target, 7777));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var any = new System.Net.IPEndPoint(target.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? System.Net.IPAddress.Any : System.Net.IPAddress.IPv6Any, 0);
        var received = await server.ReceiveFromAsync(new byte[16], System.Net.Sockets.SocketFlags.None, any, deadline.Token);
        return ((System.Net.IPEndPoint)received.RemoteEndPoint).Address.ToString();
    }

    private static System.Net.Sockets.Socket OpenUdp(string space, System.Net.IPEndPoint? bind, System.Net.Sockets.AddressFamily family = default)
    {
        using var inside = NetworkNamespace.OpenNamed(space);
        return inside.Run(() =>
        {
            var socket = new System.Net.Sockets.Socket(bind?.AddressFamily ?? family, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Udp);
            if (bind is not null)
            {
                socket.Bind(bind);
            }

            return socket;
        });
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Kn.Cni.Attaching;
using Kn.Cni.Protocol;
using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.Cni.NetnsTests;

/// <summary>ADD, CHECK and DEL against the kernel. Needs root.</summary>
public sealed class AttachmentTests
{
    [Fact]
    [Conformance("cni", "ADD")]
    public async Task Add_MakesWhatItReports_InThePodAndOnTheNode()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        var link = (string)result["interfaces"]![0]!["name"]!;
        Assert.Equal("10.244.1.1/32", (string)result["ips"]![0]!["address"]!);
        Assert.Equal("fd00:10:244:1::1/128", (string)result["ips"]![1]!["address"]!);
        Assert.Equal($"/run/netns/{pod}", (string)result["interfaces"]![1]!["sandbox"]!);

        var inside = (await Run.JsonAsync($"ip -n {pod} -j addr show eth0"))[0]!;
        Assert.Equal((string)result["interfaces"]![1]!["mac"]!, (string)inside["address"]!);
        Assert.Equal("UP", (string)inside["operstate"]!);
        var addresses = inside["addr_info"]!.AsArray().Where(static info => (string)info!["scope"]! == "global").Select(static info => (string)info!["local"]!);
        Assert.Equal(["10.244.1.1", "fd00:10:244:1::1"], addresses);
        Assert.DoesNotContain("tentative", await Run.TextAsync($"ip -n {pod} -6 addr show scope global"), StringComparison.Ordinal);
        Assert.Contains("UP", await Run.TextAsync($"ip -n {pod} link show lo"), StringComparison.Ordinal);
        Assert.Contains("default via 169.254.1.1 dev eth0", await Run.TextAsync($"ip -n {pod} route"), StringComparison.Ordinal);
        Assert.Contains("default via fe80::1 dev eth0", await Run.TextAsync($"ip -n {pod} -6 route"), StringComparison.Ordinal);
        var neighbours = await Run.TextAsync($"ip -n {pod} neigh show nud permanent");
        Assert.Contains("169.254.1.1 dev eth0 lladdr ee:ee:ee:ee:ee:ee PERMANENT", neighbours, StringComparison.Ordinal);
        Assert.Contains("fe80::1 dev eth0 lladdr ee:ee:ee:ee:ee:ee PERMANENT", neighbours, StringComparison.Ordinal);

        var outside = (await Run.JsonAsync($"ip -n {node.Name} -j -d link show {link}"))[0]!;
        Assert.Equal("75", (string)outside["group"]!);
        Assert.Equal("default/c1", (string)outside["ifalias"]!);
        Assert.Contains($"10.244.1.1 dev {link} proto 75 scope link", await Run.TextAsync($"ip -n {node.Name} route"), StringComparison.Ordinal);
        Assert.Contains($"fd00:10:244:1::1 dev {link} proto 75", await Run.TextAsync($"ip -n {node.Name} -6 route"), StringComparison.Ordinal);
        Assert.Contains("10.244.1.0/24: 1 of 254 used", node.Fact("addresses"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_ReachOneAnotherAndTheNode_InBothFamilies()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        await Run.TextAsync($"ip -n {node.Name} link set lo up");
        await Run.TextAsync($"ip -n {node.Name} addr add 192.0.2.1/32 dev lo");
        var (first, _) = await node.AddAsync("c1");
        await node.AddAsync("c2");
        foreach (var address in (string[])["10.244.1.2", "fd00:10:244:1::2", "192.0.2.1", "10.244.1.1"])
        {
            await Run.TextAsync($"ip netns exec {first} ping -n -c 1 -W 5 {address}");
        }
    }

    /// <summary>A pod may give itself any address; what it sends from one that is not its own goes nowhere.</summary>
    [Theory, InlineData("10.244.1.1", "10.244.1.2", "10.244.1.3"), InlineData("fd00:10:244:1::1", "fd00:10:244:1::2", "fd00:10:244:1::3")]
    [InlineData("10.244.1.1", "192.0.2.77", "10.244.1.3"), InlineData("fd00:10:244:1::1", "2001:db8::77", "fd00:10:244:1::3")]
    public async Task PodThatBorrowsAnAddress_IsNotHeard(string own, string borrowed, string target)
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, _) = await node.AddAsync("c1");
        await node.AddAsync("c2");
        var (peer, _) = await node.AddAsync("c3");
        await Run.TextAsync($"ip -n {pod} addr add {borrowed} dev eth0{(borrowed.Contains(':', StringComparison.Ordinal) ? " nodad" : "")}");
        using var inPod = NetworkNamespace.OpenNamed(pod);
        using var inPeer = NetworkNamespace.OpenNamed(peer);
        var address = IPAddress.Parse(target);
        using var receiver = inPeer.Run(() => Bound(address, 9999));
        using var thief = inPod.Run(() => Bound(IPAddress.Parse(borrowed), 0));
        using var honest = inPod.Run(() => Bound(IPAddress.Parse(own), 0));
        receiver.ReceiveTimeout = 20_000;
        var buffer = new byte[16];
        // The honest one comes last: when it is here, the others would be.
        thief.SendTo("stolen"u8, new IPEndPoint(address, 9999));
        thief.SendTo("stolen"u8, new IPEndPoint(address, 9999));
        honest.SendTo("own"u8, new IPEndPoint(address, 9999));
        Assert.Equal("own", System.Text.Encoding.ASCII.GetString(buffer, 0, receiver.Receive(buffer)));
    }

    /// <summary>The node has other addresses that the kernel would rather take: one on its first link, and the tunnel's, which is most alike.</summary>
    [Theory, InlineData("192.0.2.1", "10.244.1.1", 4), InlineData("2001:db8::1", "fd00:10:244:1::1", 6)]
    public async Task NodesOwnUdpServer_AnswersPods_FromItsInternalIp(string internalIp, string podAddress, int family)
    {
        await using var node = new TestNode();
        node.SetNode([IpPrefix.Parse("10.244.1.0/24"), IpPrefix.Parse("fd00:10:244:1::/64")], IpAddress.Parse("192.0.2.1"), IpAddress.Parse("2001:db8::1"));
        await Run.TextAsync($"ip -n {node.Name} link set lo up");
        await Run.TextAsync($"ip -n {node.Name} addr add 198.51.100.1/32 dev lo");
        await Run.TextAsync($"ip -n {node.Name} link add tunnel type veth peer name uplink");
        await Run.TextAsync($"ip -n {node.Name} link set tunnel up");
        await Run.TextAsync($"ip -n {node.Name} link set uplink up");
        await Run.TextAsync($"ip -n {node.Name} addr add fd00:10:244:1::/128 dev tunnel nodad");
        await node.StartAsync();
        var (pod, _) = await node.AddAsync("c1");
        async Task<string> SourceAsync() => (string)(await Run.JsonAsync($"ip -n {node.Name} -j -{family} route get {podAddress}"))[0]!["prefsrc"]!;

        // The pod was there first: its routes follow the node's addresses as they come, go, and come again.
        Assert.NotEqual(internalIp, await SourceAsync());
        for (var turn = 0; turn < 2; turn++)
        {
            await Run.TextAsync($"ip -n {node.Name} addr add {internalIp} dev uplink nodad");
            await Poll.UntilAsync(async () => await SourceAsync() == internalIp);
            await Run.TextAsync($"ip netns exec {pod} ping -n -c 1 -W 5 {internalIp}");
            await Run.TextAsync($"ip -n {node.Name} addr del {internalIp} dev uplink");
            await Poll.UntilAsync(async () => (await Run.TryAsync($"ip -n {node.Name} -j -{family} route get {podAddress}")) is (0, var text) && text.Contains("\"dev\":\"kn", StringComparison.Ordinal) && !text.Contains(internalIp, StringComparison.Ordinal));
        }

        await Run.TextAsync($"ip -n {node.Name} addr add {internalIp} dev uplink nodad");
        await Poll.UntilAsync(async () => await SourceAsync() == internalIp);
        Assert.Equal(internalIp, await AskAsync(node.Name, pod, internalIp));

        // A pod that comes later has it at once, and so has every pod when the agent starts again.
        await node.AddAsync("c2");
        async Task<int> CountAsync() => (await Run.TextAsync($"ip -n {node.Name} -{family} route show proto 75")).Split('\n').Count(line => line.Contains($"src {internalIp} ", StringComparison.Ordinal));
        Assert.Equal(2, await CountAsync());
        Assert.Equal(0, (await node.CallAsync("DEL", "c2", null)).ExitCode);
        Assert.Equal(1, await CountAsync());
        await node.StopAsync();
        await Run.TextAsync($"ip -n {node.Name} -{family} route change {podAddress} dev {(string)(await Run.JsonAsync($"ip -n {node.Name} -j -{family} route get {podAddress}"))[0]!["dev"]!} proto 75");
        await node.StartAsync();
        await Poll.UntilAsync(async () => await SourceAsync() == internalIp);
    }

    /// <summary>Asks a server on the wildcard address by a datagram from an unconnected socket; who answered.</summary>
    private static async Task<string> AskAsync(string server, string client, string address)
    {
        using var there = NetworkNamespace.OpenNamed(server);
        using var here = NetworkNamespace.OpenNamed(client);
        var target = new IPEndPoint(IPAddress.Parse(address), 9000);
        var any = new IPEndPoint(target.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        using var listening = there.Run(() => new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        using var asking = here.Run(() => new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        listening.Bind(new IPEndPoint(any.Address, 9000));
        asking.Bind(any);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await asking.SendToAsync("who"u8.ToArray(), target, patience.Token);
        var buffer = new byte[10];
        var asked = await listening.ReceiveFromAsync(buffer, any, patience.Token);
        await listening.SendToAsync("me"u8.ToArray(), asked.RemoteEndPoint, patience.Token);
        return ((IPEndPoint)(await asking.ReceiveFromAsync(buffer, any, patience.Token)).RemoteEndPoint).Address.ToString();
    }

    [Fact]
    [Conformance("cni", "DEL")]
    public async Task Del_IsIdempotent_AndTheAddressIsFreeAgain()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod, result)).ExitCode);
        Assert.DoesNotContain("10.244.1.1", await Run.TextAsync($"ip -n {node.Name} route"), StringComparison.Ordinal);
        var again = await node.CallAsync("DEL", "c1", pod, result);
        Assert.Equal(0, again.ExitCode);
        Assert.Null(again.Body);
        Assert.Equal(0, (await node.CallAsync("DEL", "never-added", null)).ExitCode);
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
        Assert.NotEqual(0, (await Run.TryAsync($"ip -n {pod} link show eth0")).ExitCode);
        Assert.Contains("kn_cni_addresses_used{family=\"ipv4\"} 0", node.Context.Metrics.ToPrometheusText(), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("cni", "DEL")]
    public async Task Del_WithoutNamespace_RemovesAll()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, _) = await node.AddAsync("c1");
        node.RemoveNamespace(pod);
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
        var (_, _) = await node.AddAsync("c2");
        Assert.Equal(0, (await node.CallAsync("DEL", "c2", null)).ExitCode);
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
    }

    [Fact]
    [Conformance("cni", "ADD")]
    public async Task AddAfterDel_OnTheSameNamespace_WorksAtOnce()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, _) = await node.AddAsync("c1");
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
            var result = await node.AddAsync("c1", pod);
            Assert.Equal(0, (await node.CallAsync("CHECK", "c1", pod, result)).ExitCode);
        }

        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
        Assert.Equal(0, (await node.CallAsync("CHECK", "other", pod, await node.AddAsync("other", pod))).ExitCode);
    }

    [Fact]
    [Conformance("cni", "ADD")]
    public async Task Add_Twice_IsRefused_AndTheFirstStays()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        Assert.Equal(CniErrorCode.AlreadyAttached, (CniErrorCode)(await node.CallAsync("ADD", "c1", pod)).Code);
        Assert.Equal(CniErrorCode.AlreadyAttached, (CniErrorCode)(await node.CallAsync("ADD", "c2", pod)).Code);
        Assert.Equal(0, (await node.CallAsync("CHECK", "c1", pod, result)).ExitCode);
        Assert.Contains(": 1 of 254", node.Fact("addresses"), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("cni", "ADD")]
    public async Task Add_WithABadNamespace_IsAClearError()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        Assert.Equal(3, (await node.CallAsync("ADD", "c1", "no-such-namespace")).Code);
        var own = await node.CallAsync("ADD", "c1", node.Name);
        Assert.Equal(4, own.Code);
        Assert.Contains("node's own", own.Message, StringComparison.Ordinal);
        foreach (var path in (string[])["../../etc/hostname", "../../proc/self/ns/mnt", "../../dev/null", ".."])
        {
            var answer = await node.CallAsync("ADD", "c1", path);
            Assert.Equal(4, answer.Code);
            Assert.Contains("is not a network namespace", answer.Message, StringComparison.Ordinal);
        }

        Assert.Equal("", await node.LeftoversAsync());
    }

    [Fact]
    [Conformance("cni", "ADD")]
    public async Task Add_WithAnInterfaceOfThatNameInThePod_IsRefused_AndThePodStaysAsItIs()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var pod = node.CreatePodNamespace();
        await Run.TextAsync($"ip -n {pod} link add eth0 type veth peer name other");
        await Run.TextAsync($"ip -n {pod} addr add 192.0.2.7/24 dev eth0");
        var before = await Run.TextAsync($"ip -n {pod} addr") + await Run.TextAsync($"ip -n {pod} route show table all");
        var answer = await node.CallAsync("ADD", "c1", pod);
        Assert.Equal(CniErrorCode.AlreadyAttached, (CniErrorCode)answer.Code);
        Assert.Contains("eth0", answer.Message, StringComparison.Ordinal);
        Assert.Equal(before, await Run.TextAsync($"ip -n {pod} addr") + await Run.TextAsync($"ip -n {pod} route show table all"));
        Assert.Equal("", await node.LeftoversAsync());
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
        Assert.Equal(before, await Run.TextAsync($"ip -n {pod} addr") + await Run.TextAsync($"ip -n {pod} route show table all"));
    }

    [Fact]
    [Conformance("cni", "CHECK")]
    public async Task Check_FailsForEachThingThatIsBroken()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        var link = (string)result["interfaces"]![0]!["name"]!;
        var breaks = new (string Break, string Repair, string Says)[]
        {
            ($"ip -n {pod} route del default", $"ip -n {pod} route add default via 169.254.1.1 dev eth0 onlink", "default route via 169.254.1.1"),
            ($"ip -n {pod} -6 route del default", $"ip -n {pod} -6 route add default via fe80::1 dev eth0", "default route via fe80::1"),
            ($"ip -n {pod} neigh del 169.254.1.1 dev eth0", $"ip -n {pod} neigh add 169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent", "neighbour entry of 169.254.1.1"),
            ($"ip -n {node.Name} route del 10.244.1.1", $"ip -n {node.Name} route add 10.244.1.1 dev {link}", "node's route to 10.244.1.1"),
            ($"ip -n {node.Name} -6 route del fd00:10:244:1::1", $"ip -n {node.Name} -6 route add fd00:10:244:1::1 dev {link}", "node's route to fd00:10:244:1::1"),
            ($"ip -n {pod} link set eth0 mtu 1400", $"ip -n {pod} link set eth0 mtu 1500", "MTU 1400"),
            ($"ip -n {pod} addr del 10.244.1.1/32 dev eth0", $"ip -n {pod} addr add 10.244.1.1/32 dev eth0", "10.244.1.1"),
        };
        foreach (var (command, repair, says) in breaks)
        {
            await Run.TextAsync(command);
            var answer = await node.CallAsync("CHECK", "c1", pod, result);
            Assert.Equal((int)CniErrorCode.CheckFailed, answer.Code);
            Assert.Contains(says, answer.Message + answer.Details, StringComparison.Ordinal);
            await Run.TextAsync(repair);
            if (command.Contains("addr del", StringComparison.Ordinal))
            {
                // The kernel drops IPv4 routes and neighbours with the last IPv4 address.
                await Run.TextAsync($"ip -n {pod} route replace default via 169.254.1.1 dev eth0 onlink");
                await Run.TextAsync($"ip -n {pod} neigh replace 169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent");
            }

            Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
        }

        await Run.TextAsync($"ip -n {pod} link set eth0 address 02:00:00:00:00:77");
        Assert.Contains("MAC", (await node.CallAsync("CHECK", "c1", pod, result)).Message, StringComparison.Ordinal);
        Assert.Equal(7, (await node.CallAsync("CHECK", "c1", pod)).Code);
        Assert.Equal((int)CniErrorCode.CheckFailed, (await node.CallAsync("CHECK", "unknown", pod, result)).Code);
    }

    [Fact]
    [Conformance("cni", "CHECK")]
    public async Task Check_ToleratesWhatLaterPluginsPutThere()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        await Run.TextAsync($"ip -n {pod} link set eth0 mtu 1400");
        await Run.TextAsync($"ip -n {pod} addr add 192.0.2.7/32 dev eth0");
        result["interfaces"]![1]!["mtu"] = 1400;
        result["interfaces"]!.AsArray().Add(new JsonObject { ["name"] = "tap0", ["sandbox"] = "/run/netns/elsewhere" });
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
    }

    [Fact]
    [Conformance("cni", "ADD")]
    public async Task Add_FailingAtAnyStep_LeavesNothing()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var pod = node.CreatePodNamespace();
        foreach (var failing in Enum.GetValues<AttachStep>())
        {
            node.BeforeStep = step =>
            {
                if (step == failing)
                {
                    throw new IOException($"injected at {step}");
                }
            };
            var answer = await node.CallAsync("ADD", "c1", pod);
            Assert.Equal((int)CniErrorCode.InputOutput, answer.Code);
            Assert.Contains($"injected at {failing}", answer.Message, StringComparison.Ordinal);
            await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
            await Poll.UntilAsync(() => node.Context.Metrics.ToPrometheusText().Contains("kn_cni_addresses_used{family=\"ipv6\"} 0", StringComparison.Ordinal));
            Assert.NotEqual(0, (await Run.TryAsync($"ip -n {pod} link show eth0")).ExitCode);
        }

        node.BeforeStep = null;
        Assert.Equal(0, (await node.CallAsync("CHECK", "c1", pod, await node.AddAsync("c1", pod))).ExitCode);
    }

    [Fact]
    public async Task Add_WaitsForGates_AndNamesTheLateOne()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        string? seen = null;
        using (node.Context.PodGates.Register("policy", (newPod, _) =>
        {
            seen = $"{newPod.Pod} {newPod.Addresses[0]}";
            return Task.CompletedTask;
        }))
        using (node.Context.PodGates.Register("dns", static (_, stop) => Task.Delay(Timeout.Infinite, stop)))
        {
            var answer = await node.CallAsync("ADD", "c1", node.CreatePodNamespace());
            Assert.Equal(11, answer.Code);
            Assert.Contains("dns", answer.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("policy", answer.Message, StringComparison.Ordinal);
            Assert.Equal("default/c1 10.244.1.1", seen);
        }

        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
        await node.AddAsync("c1");
    }

    [Fact]
    [Conformance("cni", "ADD")]
    public async Task ParallelAddsAndDels_AreDistinct_AndLeakNothing()
    {
        const int Pods = 200;
        await using var node = new TestNode();
        await node.StartAsync();
        var pods = Enumerable.Range(0, Pods).Select(_ => node.CreatePodNamespace()).ToList();
        var results = await Task.WhenAll(pods.Select((pod, index) => Task.Run(() => node.AddAsync($"c{index}", pod))));
        Assert.Equal(2 * Pods, results.SelectMany(static result => result["ips"]!.AsArray()).Select(static ip => (string)ip!["address"]!).Distinct().Count());
        var answers = await Task.WhenAll(pods.Select((pod, index) => Task.Run(() => node.CallAsync("DEL", $"c{index}", pod))));
        Assert.All(answers, static answer => Assert.Equal(0, answer.ExitCode));
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
        await Poll.UntilAsync(() => node.Context.Metrics.ToPrometheusText().Contains("kn_cni_addresses_used{family=\"ipv4\"} 0", StringComparison.Ordinal));
        Assert.Contains("kn_cni_calls_total{command=\"ADD\",result=\"ok\"} 200", node.Context.Metrics.ToPrometheusText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task IPv6SwitchedOffInTheNamespace_IsSwitchedOn()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var pod = node.CreatePodNamespace();
        await Run.TextAsync($"ip netns exec {pod} sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
        var result = await node.AddAsync("c1", pod);
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
    }

    [Fact]
    public async Task ExhaustedPodCidr_IsAClearError_UntilAPodGoes()
    {
        await using var node = new TestNode(podCidr4: "10.244.1.0/30");
        await node.StartAsync();
        await node.AddAsync("c1");
        await node.AddAsync("c2");
        var answer = await node.CallAsync("ADD", "c3", node.CreatePodNamespace());
        Assert.Equal((int)CniErrorCode.AddressesExhausted, answer.Code);
        Assert.Contains("10.244.1.0/30", answer.Message, StringComparison.Ordinal);
        Assert.Equal(["AddressesExhausted default/c3", "PodAddressesExhausted n1"], node.Events.All.Select(static item => $"{item.Reason} {item.Regarding.Key}"));
        Assert.Contains("kn_cni_addresses_exhausted_total 1", node.Context.Metrics.ToPrometheusText(), StringComparison.Ordinal);
        // The pods that run are worth more than the one that does not: the node stays ready.
        Assert.Equal(0, (await node.CallAsync("STATUS", "", null)).ExitCode);
        await node.CallAsync("DEL", "c1", null);
        await Poll.UntilAsync(async () => await node.LeftoversAsync() is var left && !left.Contains("10.244.1.1 ", StringComparison.Ordinal)
            && node.Context.Metrics.ToPrometheusText().Contains("kn_cni_addresses_free{family=\"ipv4\"} 1", StringComparison.Ordinal));
        var (_, result) = await node.AddAsync("c3");
        Assert.Equal("10.244.1.1/32", (string)result["ips"]![0]!["address"]!);
    }

    [Theory]
    [InlineData("0.3.0", "4")]
    [InlineData("0.4.0", "4")]
    [InlineData("1.0.0", null)]
    [Conformance("cni", "Result")]
    public async Task Result_IsInTheVersionAskedFor(string version, string? ipVersion)
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var answer = await node.CallAsync("ADD", "c1", node.CreatePodNamespace(), version: version);
        Assert.Equal(version, (string)answer.Body!["cniVersion"]!);
        Assert.Equal(ipVersion, (string?)answer.Body["ips"]![0]!["version"]);
    }

    [Theory]
    [InlineData("0.3.0", 1, 1)]
    [InlineData("0.3.1", 1, 1)]
    [InlineData("0.4.0", 0, 1)]
    [InlineData("1.0.0", 0, 1)]
    [InlineData("1.1.0", 0, 0)]
    [Conformance("cni", "VERSION")]
    public async Task Every_Command_IsServedInEveryVersionThatHasIt(string version, int checkCode, int gcCode)
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var pod = node.CreatePodNamespace();
        var added = await node.CallAsync("ADD", "c1", pod, version: version);
        Assert.Equal((0, version), (added.ExitCode, (string)added.Body!["cniVersion"]!));
        var check = await node.CallAsync("CHECK", "c1", pod, added.Body, version: version);
        Assert.Equal(checkCode, check.Code);
        Assert.Equal(gcCode, (await node.CallAsync("STATUS", "", null, version: version)).Code);
        // Without the list of what is valid, GC is an error of its own where there is one.
        var collected = await node.CallAsync("GC", "", null, version: version);
        Assert.Equal(gcCode == 1 ? 1 : 7, collected.Code);
        Assert.Equal(version, (string)collected.Body!["cniVersion"]!);
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod, added.Body, version: version)).ExitCode);
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
    }

    [Fact]
    public async Task ChangedPodCidr_KeepsOldPods_AndServesNewOnes()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        node.SetNode([IpPrefix.Parse("10.244.7.0/24")]);
        await Poll.UntilAsync(() => node.Context.Metrics.ToPrometheusText().Contains("kn_cni_addresses_used{family=\"ipv4\"} 0", StringComparison.Ordinal));
        var (_, fresh) = await node.AddAsync("c2");
        Assert.Equal("10.244.7.1/32", (string)Assert.Single(fresh["ips"]!.AsArray())!["address"]!);
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
    }

    private static Socket Bound(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, port));
        return socket;
    }
}

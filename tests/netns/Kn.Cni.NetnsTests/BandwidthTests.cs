using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Kn.Cni.Attaching;
using Kn.Cni.Bandwidth;
using Kn.Cni.Protocol;
using Kn.Linux.Namespaces;

namespace Kn.Cni.NetnsTests;

/// <summary>Limits of bandwidth: as tc(8) sees them, and as a transfer feels them. Needs root.</summary>
public sealed class BandwidthTests : IAsyncLifetime
{
    private const ulong Rate = 10_000_000;
    private const int TransferBytes = 2_500_000;
    private const string NoBucket = "";

    private static JsonObject Both => new() { ["bandwidth"] = new JsonObject { ["ingressRate"] = Rate, ["ingressBurst"] = uint.MaxValue, ["egressRate"] = 2 * Rate, ["egressBurst"] = uint.MaxValue } };

    private TestNode Node { get; } = new();

    private string HostLink { get; } = PodLinkNames.HostLink(new AttachmentKey("web", "eth0"));

    public Task InitializeAsync() => Node.StartAsync();

    public async Task DisposeAsync() => await Node.DisposeAsync();

    [Fact]
    [Conformance("cni", "Capabilities")]
    public async Task Bandwidth_OfBothDirections_IsWhatTcSees_AndCheckAgrees()
    {
        var pod = Node.CreatePodNamespace();
        var result = await Node.AddAsync("web", pod, Both);
        Assert.Equal("4b: 1250000", await BucketAsync(Node.Name, HostLink));
        Assert.Equal("4b: 2500000", await BucketAsync(pod, "eth0"));
        Assert.Equal("", (await Node.CallAsync("CHECK", "web", pod, result, runtimeConfig: Both)).Message);
        // The agent repairs what is taken away by others, so this is done in the same breath as the check.
        for (var code = 0; code != 103;)
        {
            await Run.TryAsync($"tc -n {pod} qdisc del dev eth0 root");
            var answer = await Node.CallAsync("CHECK", "web", pod, result, runtimeConfig: Both);
            Assert.True(answer.ExitCode == 0 || answer.Message.Contains("sends", StringComparison.Ordinal), answer.Message);
            code = answer.Code;
        }
    }

    [Fact]
    public async Task OneDirection_LeavesTheOtherAlone()
    {
        var pod = Node.CreatePodNamespace();
        await Node.AddAsync("web", pod, new JsonObject { ["bandwidth"] = new JsonObject { ["egressRate"] = Rate } });
        Assert.Equal(NoBucket, await BucketAsync(Node.Name, HostLink));
        Assert.Equal("4b: 1250000", await BucketAsync(pod, "eth0"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Conformance("cni", "Capabilities")]
    public async Task Bandwidth_ThatIsLimited_IsFeltByATransfer(bool isEgress)
    {
        var limits = new JsonObject { ["bandwidth"] = new JsonObject { [isEgress ? "egressRate" : "ingressRate"] = Rate } };
        var pod = Node.CreatePodNamespace();
        await Node.AddAsync("web", pod, limits);
        var (other, _) = await Node.AddAsync("other");
        var bucket = Shaping.BucketOf(new RateLimit(Rate), 1500);
        var least = TimeSpan.FromSeconds((double)(TransferBytes - bucket.BurstBytes) / bucket.BytesPerSecond);
        var taken = isEgress ? await TransferAsync(pod, other, "10.244.1.2") : await TransferAsync(other, pod, "10.244.1.1");
        Assert.True(taken >= least, $"{TransferBytes} bytes in {taken}, at {Rate} bit/s not less than {least}");
    }

    [Fact]
    [Conformance("cni", "Capabilities")]
    public async Task Bandwidth_OfAnnotations_Counts_WhereTheRuntimeSaysNothing()
    {
        Node.SetPods(TestNode.Pod("web", "", ("kubernetes.io/ingress-bandwidth", "10M"), ("kubernetes.io/egress-bandwidth", "1Mi")));
        var pod = Node.CreatePodNamespace();
        await Node.AddAsync("web", pod);
        Assert.Equal("4b: 1250000", await BucketAsync(Node.Name, HostLink));
        Assert.Equal("4b: 131072", await BucketAsync(pod, "eth0"));
    }

    [Fact]
    public async Task BadAnnotation_IsRefused_AndNothingIsLeft()
    {
        Node.SetPods(TestNode.Pod("web", "", ("kubernetes.io/ingress-bandwidth", "much")));
        var answer = await Node.CallAsync("ADD", "web", Node.CreatePodNamespace());
        Assert.Equal(7, answer.Code);
        Assert.Contains("kubernetes.io/ingress-bandwidth", answer.Message, StringComparison.Ordinal);
        await Poll.UntilAsync(async () => await Node.LeftoversAsync() == "");
        Assert.Equal("0", Node.Fact("pods"));
    }

    [Fact]
    public async Task LimitThatSomebodyElseChanges_ComesBack()
    {
        await Node.AddAsync("web", Node.CreatePodNamespace(), Both);
        foreach (var change in (string[])["del dev {0} root", "replace dev {0} root handle 7: pfifo", "change dev {0} root handle 4b: tbf rate 1gbit burst 100kb limit 1mb"])
        {
            await Run.TextAsync($"tc -n {Node.Name} qdisc " + string.Format(System.Globalization.CultureInfo.InvariantCulture, change, HostLink));
            await Poll.UntilAsync(async () => await BucketAsync(Node.Name, HostLink) == "4b: 1250000");
        }
    }

    [Fact]
    public async Task Restart_PutsTheLimitBack()
    {
        var pod = Node.CreatePodNamespace();
        await Node.AddAsync("web", pod, Both);
        await Node.StopAsync();
        await Run.TextAsync($"tc -n {Node.Name} qdisc del dev {HostLink} root");
        await Run.TextAsync($"tc -n {pod} qdisc del dev eth0 root");
        await Node.StartAsync();
        Assert.Equal("4b: 1250000", await BucketAsync(Node.Name, HostLink));
        await Poll.UntilAsync(async () => await BucketAsync(pod, "eth0") == "4b: 2500000");
    }

    [Fact]
    public async Task LimitThatThePodTakesAway_ComesBack()
    {
        var pod = Node.CreatePodNamespace();
        await Node.AddAsync("web", pod, Both);
        foreach (var change in (string[])["del dev eth0 root", "replace dev eth0 root handle 7: pfifo"])
        {
            await Run.TextAsync($"tc -n {pod} qdisc {change}");
            await Poll.UntilAsync(async () => await BucketAsync(pod, "eth0") == "4b: 2500000");
        }
    }

    /// <summary>Handle and rate of the link's bucket.</summary>
    private static async Task<string> BucketAsync(string space, string link)
    {
        var root = (await Run.JsonAsync($"tc -j -n {space} qdisc show dev {link} root")).FirstOrDefault(static qdisc => (string?)qdisc!["kind"] == "tbf");
        return root is null ? NoBucket : $"{root["handle"]} {root["options"]!["rate"]}";
    }

    private static async Task<TimeSpan> TransferAsync(string from, string to, string address)
    {
        using var sender = NetworkNamespace.OpenNamed(from);
        using var receiver = NetworkNamespace.OpenNamed(to);
        using var listener = receiver.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Any, 7000));
            socket.Listen();
            return socket;
        });
        using var client = sender.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await client.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), 7000), deadline.Token);
        using var server = await listener.AcceptAsync(deadline.Token);
        var watch = Stopwatch.StartNew();
        var sending = Task.Run(
            async () =>
            {
                for (var sent = 0; sent < TransferBytes;)
                {
                    sent += await client.SendAsync(new byte[Math.Min(65536, TransferBytes - sent)], deadline.Token);
                }
            },
            deadline.Token);
        var buffer = new byte[65536];
        for (var received = 0; received < TransferBytes;)
        {
            var count = await server.ReceiveAsync(buffer, deadline.Token);
            Assert.NotEqual(0, count);
            received += count;
        }

        watch.Stop();
        await sending;
        return watch.Elapsed;
    }
}

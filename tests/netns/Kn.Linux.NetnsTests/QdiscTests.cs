using System.Text.Json.Nodes;
using Kn.Linux.Routes;
using Kn.NetnsTests;

namespace Kn.Linux.NetnsTests;

/// <summary>Token buckets against the kernel and tc(8). Needs root.</summary>
public sealed class QdiscTests : IDisposable
{
    private const uint Handle = 0x004B_0000;
    private readonly TestNamespace _namespace = new("knqd");
    private readonly RouteSocket _socket;
    private readonly int _link;

    public QdiscTests()
    {
        _socket = RouteSocket.Open(_namespace.Namespace);
        _socket.CreateVeth(new VethLink { Name = "a", Up = true, Peer = new VethPeer { Name = "b" } });
        _link = _socket.FindLink("a")!.Index;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _namespace.Dispose();
    }

    public static TheoryData<TokenBucket> Buckets() => new()
    {
        new TokenBucket(125, 16_384, 20_000),
        new TokenBucket(1_250_000, 65_536, 100_000),
        new TokenBucket(125_000_000, 3_125_000, 6_000_000),
        new TokenBucket(12_500_000_000, 312_500_000, 900_000_000),
        new TokenBucket(125_000_000_000_000, uint.MaxValue, uint.MaxValue),
    };

    [Theory, MemberData(nameof(Buckets))]
    public void TokenBucket_IsReadBack_AndIsWhatTcSees(TokenBucket bucket)
    {
        Assert.Empty(_socket.Apply([new EnsureTokenBucket(_link, Handle, bucket)]));
        var root = Assert.Single(_socket.ReadQdiscs(_link), static qdisc => qdisc.IsRoot);
        Assert.Equal(("tbf", Handle), (root.Kind, root.Handle));
        Assert.True(root.TokenBucket!.IsSameAs(bucket), $"{root.TokenBucket} is not {bucket}");
        var seen = Tool.Run("tc", "-j", "-n", _namespace.Name, "qdisc", "show", "dev", "a");
        var options = JsonNode.Parse(seen)![0]!;
        Assert.Equal(("tbf", "4b:"), ((string)options["kind"]!, (string)options["handle"]!));
        Assert.Equal(bucket.BytesPerSecond, (ulong)options["options"]!["rate"]!);
    }

    [Fact]
    public void TokenBucket_ReplacesWhatIsThere_AndGoes()
    {
        Assert.Empty(_socket.Apply([new EnsureTokenBucket(_link, Handle, new TokenBucket(1000, 20_000, 30_000))]));
        Assert.Empty(_socket.Apply([new EnsureTokenBucket(_link, Handle, new TokenBucket(2000, 20_000, 30_000))]));
        Assert.Equal(2000ul, Assert.Single(_socket.ReadQdiscs(_link)).TokenBucket!.BytesPerSecond);
        Tool.Run("tc", "-n", _namespace.Name, "qdisc", "replace", "dev", "a", "root", "handle", "9:", "pfifo");
        Assert.Equal("pfifo", Assert.Single(_socket.ReadQdiscs(_link)).Kind);
        Assert.Empty(_socket.Apply([new EnsureTokenBucket(_link, Handle, new TokenBucket(1000, 20_000, 30_000))]));
        Assert.Equal("tbf", Assert.Single(_socket.ReadQdiscs(_link)).Kind);
        Assert.Empty(_socket.Apply([new RemoveRootQdisc(_link), new RemoveRootQdisc(_link)]));
        Assert.DoesNotContain(_socket.ReadQdiscs(_link), static qdisc => qdisc.Kind == "tbf");
    }

    [Fact]
    public async Task Monitor_TellsOfQdiscs()
    {
        using var monitor = RouteMonitor.Open(RouteMonitorGroups.Qdiscs, _namespace.Namespace);
        Assert.Empty(_socket.Apply([new EnsureTokenBucket(_link, Handle, new TokenBucket(1000, 20_000, 30_000)), new RemoveRootQdisc(_link)]));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var seen = new List<QdiscEvent>();
        await foreach (var change in monitor.ReadAllAsync(deadline.Token))
        {
            seen.Add(Assert.IsType<QdiscEvent>(change));
            // The default's removal comes before that, in the bucket's place.
            if (seen[^1] is { IsRemoved: true, Qdisc.Kind: "tbf" })
            {
                break;
            }
        }

        Assert.Contains(seen, change => change is { IsRemoved: false, Qdisc.Kind: "tbf" } && change.CausedBy == _socket.PortId);
        Assert.Equal("tbf", seen[^1].Qdisc.Kind);
    }
}

using System.Text.Json.Nodes;
using Kn.Linux.Bpf;
using Kn.Linux.Routes;
using Kn.NetnsTests;

namespace Kn.Linux.NetnsTests;

/// <summary>Programs, maps and filters against the kernel and tc(8). Needs root.</summary>
public sealed class BpfTests : IDisposable
{
    private readonly TestNamespace _namespace = new("knbp");
    private readonly RouteSocket _socket;
    private readonly int _link;

    public BpfTests()
    {
        _socket = RouteSocket.Open(_namespace.Namespace);
        _socket.CreateVeth(new VethLink { Name = "a", Up = true, Peer = new VethPeer { Name = "b" } });
        _namespace.Ip("link", "set", "dev", "b", "up");
        _link = _socket.FindLink("a")!.Index;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _namespace.Dispose();
    }

    [Theory]
    [InlineData(TrafficDirection.Ingress)]
    [InlineData(TrafficDirection.Egress)]
    public void Filter_IsReadBack_IsWhatTcSees_AndIsReplacedInPlace(TrafficDirection direction)
    {
        using var first = BpfProgram.LoadClassifier("first", Returning(-1));
        using var second = BpfProgram.LoadClassifier("second", Returning(-1));
        var filter = new BpfFilter(_link, direction, 75, "kn-test");
        Assert.Empty(_socket.Apply([new EnsureClassifiers(_link), new EnsureClassifiers(_link), new EnsureBpfFilter(filter, first)]));
        Assert.Equal([filter], _socket.ReadBpfFilters(_link, direction));
        var tag = Tag(direction);
        Assert.Empty(_socket.Apply([new EnsureBpfFilter(filter, second)]));
        Assert.Equal([filter], _socket.ReadBpfFilters(_link, direction));
        Assert.NotEqual(tag, Tag(direction));
        Assert.Empty(_socket.Apply([new RemoveBpfFilter(filter), new RemoveBpfFilter(filter)]));
        Assert.Empty(_socket.ReadBpfFilters(_link, direction));
    }

    [Theory]
    [InlineData(TrafficDirection.Ingress)]
    [InlineData(TrafficDirection.Egress)]
    public void LinksProgram_IsFoundByItsName_ReplacedInPlace_AndLeavesOthersAlone(TrafficDirection direction) => _namespace.Namespace.Run(() =>
    {
        using var other = BpfProgram.LoadClassifier("other", Returning(-1));
        using var first = BpfProgram.LoadClassifier("ours", Returning(-1));
        using var second = BpfProgram.LoadClassifier("ours", Returning(-1));
        Assert.Empty(LinkPrograms.Read(_link, direction));
        Assert.True(LinkPrograms.Attach(first, _link, direction));
        Assert.True(LinkPrograms.Attach(other, _link, direction));
        Assert.False(LinkPrograms.Attach(second, _link, direction));
        Assert.Equal(["ours", "other"], LinkPrograms.Read(_link, direction));
        Assert.True(LinkPrograms.Detach("ours", _link, direction));
        Assert.False(LinkPrograms.Detach("ours", _link, direction));
        Assert.Equal(["other"], LinkPrograms.Read(_link, direction));
        Assert.Equal(Errno.ENODEV, Assert.Throws<LinuxException>(() => LinkPrograms.Attach(first, int.MaxValue, direction)).Errno);
        Assert.False(LinkPrograms.Detach("ours", int.MaxValue, direction));
    });

    [Fact]
    public void LinksProgram_SeesPackets_AndOutlivesItsDescriptor()
    {
        using var counts = BpfMap.CreateArray("counts", 8, 1);
        using var lengths = BpfMap.CreateLruHash("lengths", 4, 4, 16);
        using (var program = BpfProgram.LoadClassifier("counting", Counting(counts, lengths)))
        {
            _namespace.Namespace.Run(() => LinkPrograms.Attach(program, _link, TrafficDirection.Ingress));
        }

        Eventually.True(
            () =>
            {
                var value = new byte[8];
                return counts.TryRead(new byte[4], value) && BitConverter.ToUInt64(value) > 0;
            },
            "the link's neighbour discovery is counted");
    }

    [Fact]
    public void LinksWithoutClsact_HaveNoFilters() => Assert.Empty(_socket.ReadBpfFilters(_link, TrafficDirection.Ingress));

    /// <summary>A program that drops, counts in an array, and notes lengths in a hash: what it wrote is read here.</summary>
    [Fact]
    public void Program_SharesItsMapsWithUs()
    {
        using var counts = BpfMap.CreateArray("counts", 8, 1);
        using var lengths = BpfMap.CreateLruHash("lengths", 4, 4, 16);
        using var program = BpfProgram.LoadClassifier("counting", Counting(counts, lengths));
        Assert.Empty(_socket.Apply([new EnsureClassifiers(_link), new EnsureBpfFilter(new BpfFilter(_link, TrafficDirection.Ingress, 1, "count"), program)]));
        var value = new byte[8];
        Eventually.True(() => counts.TryRead(new byte[4], value) && BitConverter.ToUInt64(value) > 0, "the link's neighbour discovery is counted");
        Assert.True(lengths.TryRead(BitConverter.GetBytes(1), value.AsSpan(0, 4)));
        Assert.InRange(BitConverter.ToUInt32(value), 14u, 1514u);
        Assert.False(lengths.TryRead(BitConverter.GetBytes(2), value.AsSpan(0, 4)));
        lengths.Write(BitConverter.GetBytes(2), BitConverter.GetBytes(99));
        Assert.True(lengths.TryRead(BitConverter.GetBytes(2), value.AsSpan(0, 4)));
        Assert.Equal(99u, BitConverter.ToUInt32(value));
        Assert.Throws<ArgumentException>(() => lengths.TryRead(new byte[8], value.AsSpan(0, 4)));
    }

    [Fact]
    public void Hash_ForgetsWhatIsRemoved_AndRefusesWhatIsTooMuch()
    {
        using var map = BpfMap.CreateHash("few", 4, 4, 2);
        var value = new byte[4];
        foreach (var key in (int[])[1, 2])
        {
            map.Write(BitConverter.GetBytes(key), BitConverter.GetBytes(10 * key));
        }

        Assert.Equal(Errno.E2BIG, Assert.Throws<LinuxException>(() => map.Write(BitConverter.GetBytes(3), value)).Errno);
        map.Remove(BitConverter.GetBytes(1));
        map.Remove(BitConverter.GetBytes(1));
        Assert.False(map.TryRead(BitConverter.GetBytes(1), value));
        map.Write(BitConverter.GetBytes(3), BitConverter.GetBytes(30));
        Assert.True(map.TryRead(BitConverter.GetBytes(3), value));
        Assert.Equal(30, BitConverter.ToInt32(value));
    }

    /// <summary>The kernel says what is wrong with a program, and so does the exception.</summary>
    [Fact]
    public void BadProgram_IsRefused_InTheKernelsWords()
    {
        var code = new BpfAssembler();
        code.Load(BpfSize.Word, BpfRegister.R0, BpfRegister.R7, 0);
        code.Exit();
        var refusal = Assert.Throws<LinuxException>(() => BpfProgram.LoadClassifier("bad", code));
        Assert.Equal(Errno.EACCES, refusal.Errno);
        Assert.Contains("load BPF program bad", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("R7 !read_ok", refusal.Message, StringComparison.Ordinal);
    }

    private static BpfAssembler Returning(int verdict)
    {
        var code = new BpfAssembler();
        code.Set(BpfRegister.R0, verdict);
        code.Exit();
        return code;
    }

    private static BpfAssembler Counting(BpfMap counts, BpfMap lengths)
    {
        const int Drop = 2;
        var code = new BpfAssembler();
        code.Load(BpfSize.Word, BpfRegister.R3, BpfRegister.R1, 0);
        code.Store(BpfSize.Word, BpfRegister.Stack, -4, 1);
        code.Store(BpfSize.Word, BpfRegister.Stack, -8, BpfRegister.R3);
        code.LoadFirstValue(BpfRegister.R1, counts);
        code.Set(BpfRegister.R2, 1);
        code.AtomicAdd(BpfRegister.R1, 0, BpfRegister.R2);
        code.LoadMap(BpfRegister.R1, lengths);
        code.Copy(BpfRegister.R2, BpfRegister.Stack);
        code.AddTo(BpfRegister.R2, -4);
        code.Copy(BpfRegister.R3, BpfRegister.Stack);
        code.AddTo(BpfRegister.R3, -8);
        code.Set(BpfRegister.R4, 0);
        code.Call(BpfFunction.MapUpdate);
        code.Set(BpfRegister.R0, Drop);
        code.Exit();
        return code;
    }

    private string Tag(TrafficDirection direction)
    {
        var seen = Tool.Run("tc", "-j", "-n", _namespace.Name, "filter", "show", "dev", "a", direction == TrafficDirection.Ingress ? "ingress" : "egress");
        var options = JsonNode.Parse(seen)!.AsArray().Select(static filter => filter!["options"]).First(static options => options?["bpf_name"] is not null)!;
        Assert.Equal(("kn-test", true), ((string)options["bpf_name"]!, options["direct-action"] is not null));
        return options["prog"]!.ToJsonString();
    }
}

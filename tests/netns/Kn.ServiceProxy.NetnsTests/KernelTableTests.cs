using FsCheck;
using FsCheck.Fluent;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Text;
using Kn.NetnsTests;
using Kn.ServiceProxy.Tables;
using Kn.ServiceProxy.Tests;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>What is in the kernel after changes, read back. Needs root.</summary>
public sealed class KernelTableTests : IDisposable
{
    private static int _count;
    private readonly string _name = $"kpt{Environment.ProcessId % 100000}x{Interlocked.Increment(ref _count)}";
    private readonly NetworkNamespace _space;
    private readonly NftSocket _socket;
    private readonly NftProxyTable _table;

    public KernelTableTests()
    {
        _space = NetworkNamespace.Create(_name);
        _socket = NftSocket.Open(_space);
        _table = new NftProxyTable(_socket, new ServiceProxyOptions());
    }

    [Fact]
    public async Task EveryCase_AfterEveryOther_ReadsBackAsMadeFromNothing()
    {
        var random = new Random(1);
        var loop = new TestLoop(_table);
        var names = Cases.All.Keys.Concat(Cases.All.Keys.OrderBy(_ => random.Next())).Concat(Cases.All.Keys.OrderBy(_ => random.Next())).ToArray();
        await loop.ResyncAsync(Cases.All[names[0]]);
        foreach (var name in names)
        {
            await loop.ChangeAsync(Cases.All[name]);
            var memory = new StrictProxyTable();
            await new TestLoop(memory).ResyncAsync(Cases.All[name]);
            Assert.Equal(LogicalTable.Of(memory.Read()), LogicalTable.Of(_table.Read()));
            Assert.Equal(0, await loop.ResyncAsync(Cases.All[name]));
        }
    }

    /// <summary>The expected files of the unit tests are in the words of nft: here nft itself says them.</summary>
    [Fact]
    public async Task EveryCase_IsListedByNftAsPrinted()
    {
        foreach (var (name, cluster) in Cases.All)
        {
            var memory = new StrictProxyTable();
            await new TestLoop(memory).ResyncAsync(cluster);
            _table.Remove();
            await new TestLoop(_table).ResyncAsync(cluster);
            var printed = NftText.Of(WholeTable.Of(memory.Read()!, new ServiceProxyOptions(), withUnusedClasses: true));
            Assert.Equal($"{name}\n{Sorted(printed)}", $"{name}\n{Sorted(Tool.Run("ip", "netns", "exec", _name, "nft", "list", "table", "inet", "kn-proxy"))}");
        }
    }

    /// <summary>The kernel gives no order to elements and chains, nft breaks lines by itself, and where a rule does not repeat what family it
    /// is for (its chain's callers have asked), nft names bytes of the header instead of addresses.</summary>
    private static string Sorted(string listing) => string.Join('\n', listing
        .Replace("@nh,96,32", "ip saddr", StringComparison.Ordinal)
        .Replace("@nh,128,32", "ip daddr", StringComparison.Ordinal)
        .Replace("@nh,64,128", "ip6 saddr", StringComparison.Ordinal)
        .Replace("@nh,192,128", "ip6 daddr", StringComparison.Ordinal)
        .Split('\n')
        .SelectMany(static line => line.Contains("typeof", StringComparison.Ordinal) ? [line] : line.Replace("elements = {", "", StringComparison.Ordinal).Split(", "))
        .Select(static line => line.Trim(' ', '\t', ',', '}'))
        .Order(StringComparer.Ordinal));

    /// <summary>Forty histories of a fixed seed: the same clusters each time.</summary>
    [Fact]
    public void RandomChanges_ReadBackAsPlannedFromNothing() => Check.One(
        Config.QuickThrowOnFailure.WithReplay(17, 3).WithMaxTest(40).WithEndSize(12),
        Prop.ForAll(RandomClusters.Histories, history => WalkAsync(history).GetAwaiter().GetResult()));

    private async Task<bool> WalkAsync(ClusterSnapshot[] history)
    {
        var loop = new TestLoop(_table);
        await loop.ResyncAsync(history[0]);
        foreach (var cluster in history.Skip(1))
        {
            await loop.ChangeAsync(cluster);
            var memory = new StrictProxyTable();
            await new TestLoop(memory).ResyncAsync(cluster);
            Assert.Equal(LogicalTable.Of(memory.Read()), LogicalTable.Of(_table.Read()));
            Assert.Equal(0, await loop.ResyncAsync(cluster));
        }

        return true;
    }

    [Fact]
    public async Task RememberedClients_AreNotRead()
    {
        await new TestLoop(_table).ResyncAsync(Cases.All["affinity"]);
        var client = new NftElement(NftValue.Concat(NftValue.Of(Primitives.IpAddress.Parse("192.0.2.7")), NftValue.Of(Primitives.IpAddress.Parse("10.96.0.10")), NftValue.Of(6u), NftValue.Of(80u)), NftValue.Of(16u)) { Timeout = TimeSpan.FromHours(1) };
        _socket.Apply(new NftBatch().AddElements(ProxyRules.TableId, ProxySchema.Affinity4, [client]));
        Assert.Single(_socket.ReadElements(ProxyRules.TableId, ProxySchema.Affinity4));
        Assert.True(_table.ReadTable()!.FindSet("affinity4")!.Elements.IsEmpty);
        Assert.Equal(0, await new TestLoop(_table).ResyncAsync(Cases.All["affinity"]));
    }

    [Fact]
    public async Task TenThousandServices_LoadInOneTransaction_AndOneEndpointIsOneMore()
    {
        var objects = new List<KubernetesObject>();
        for (var number = 0; number < 10_000; number++)
        {
            objects.Add(Service($"s{number}", 1) with { ClusterIps = Addresses($"10.96.{number / 250}.{number % 250}") });
            objects.Add(Slice($"s{number}", "a", To(8080), AtEach([.. Enumerable.Range(1, 5).Select(pod => $"10.{number / 250}.{number % 250}.{pod}")])));
        }

        var cluster = Cluster(objects);
        var loop = new TestLoop(_table);
        var generation = _socket.GenerationId;
        await loop.ResyncAsync(cluster);
        Assert.Equal(generation + 1, _socket.GenerationId);
        await loop.ChangeAsync(cluster.With(Slice("s77", "a", To(8080), At("10.250.1.1"))));
        Assert.Equal(generation + 2, _socket.GenerationId);
        Assert.Equal(0, await new TestLoop(_table).ResyncAsync(loop.Cluster));
        Assert.Equal(generation + 2, _socket.GenerationId);
    }

    public void Dispose()
    {
        _socket.Dispose();
        _space.Dispose();
        NetworkNamespace.Remove(_name);
    }
}

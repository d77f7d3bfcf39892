using Kn.Kubernetes.Objects;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
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

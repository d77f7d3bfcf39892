using FsCheck;
using FsCheck.Fluent;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.NetnsTests;
using Kn.Policy.Tables;
using Kn.Policy.Tests;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.NetnsTests;

/// <summary>What is in the kernel after changes, read back. Needs root.</summary>
public sealed class KernelTableTests : IDisposable
{
    private readonly TestNamespace _space = new("knpol");
    private readonly NftSocket _socket;
    private readonly NftPolicyTable _table;

    public KernelTableTests()
    {
        _socket = NftSocket.Open(_space.Namespace);
        _table = new NftPolicyTable(_socket);
    }

    [Fact]
    public async Task EveryCase_AfterEveryOther_ReadsBackAsMadeFromNothing()
    {
        var random = new Random(1);
        var rows = Cases.All.Values.Where(static row => row.Options is null).ToArray();
        var loop = new TestLoop(_table);
        await loop.ResyncAsync(rows[0].Cluster);
        foreach (var row in rows.Concat(rows.OrderBy(_ => random.Next())).Concat(rows.OrderBy(_ => random.Next())))
        {
            await loop.ChangeAsync(row.Cluster);
            Assert.Equal($"{row}\n{NormalText.Of(await TestLoop.FromNothingAsync(row.Cluster))}", $"{row}\n{NormalText.Of(_table.Read()!)}");
            Assert.Equal(0, await loop.ResyncAsync(row.Cluster));
        }
    }

    [Fact]
    public async Task GuardedNode_ReadsBack()
    {
        var options = new PolicyOptions { GuardOwnNode = true, DefaultDeny = new DefaultDenyOptions { Enabled = true } };
        var cluster = ClusterSnapshot.Of(Cases.BaseObjects);
        await new TestLoop(_table, options: options).ResyncAsync(cluster);
        var generation = _socket.GenerationId;
        var restarted = new TestLoop(_table, options: options);
        await restarted.ResyncAsync(cluster);
        Assert.Equal(0, await restarted.ResyncAsync(cluster));
        Assert.Equal(generation, _socket.GenerationId);
    }

    /// <summary>Forty histories of a fixed seed: the same clusters each time.</summary>
    [Fact]
    public void RandomChanges_ReadBackAsMadeFromNothing() => Check.One(
        Config.QuickThrowOnFailure.WithReplay(17, 3).WithMaxTest(40).WithEndSize(12),
        Prop.ForAll(RandomClusters.Histories, history => WalkAsync(history).GetAwaiter().GetResult()));

    [Fact]
    public async Task AnotherLayout_IsReplacedInOneTransaction()
    {
        var cluster = Cases.All["policies add up"].Cluster;
        await new TestLoop(_table).ResyncAsync(cluster);
        _socket.Apply(new NftBatch().FlushChain(PolicyRuleset.TableId, "ports"));
        var generation = _socket.GenerationId;
        await new TestLoop(_table).ResyncAsync(cluster);
        Assert.Equal(generation + 1, _socket.GenerationId);
        Assert.Equal(NormalText.Of(await TestLoop.FromNothingAsync(cluster)), NormalText.Of(_table.Read()!));
    }

    /// <summary>nft itself can list the table, and names its parts as Kn does.</summary>
    [Fact]
    public async Task Table_IsListedByNft()
    {
        await new TestLoop(_table).ResyncAsync(Cases.All["a long range, both ends included"].Cluster);
        var listing = _space.Exec("nft", "list", "table", "inet", "kn-policy");
        Assert.Contains("meta priority . meta l4proto . ct reply proto-src @range meta priority set 0:1", listing, StringComparison.Ordinal);
        Assert.Contains(". udp . 8000-9000", listing, StringComparison.Ordinal);
        Assert.Contains("ct original ip saddr vmap @out4", listing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TenThousandPods_LoadInOneTransaction_AndOneChangeIsOneMore()
    {
        var objects = new List<KubernetesObject> { Node("n1", "192.168.0.1") };
        for (var number = 0; number < 10_000; number++)
        {
            objects.Add(Pod($"ns{number % 50}/p{number}", number < 110 ? "n1" : "n2", $"app=a{number % 37},tier=t{number % 5},unseen=x{number}", $"10.{number / 62500}.{number / 250 % 250}.{number % 250}"));
        }

        for (var number = 0; number < 50; number++)
        {
            objects.Add(Namespace($"ns{number}", ("team", $"t{number % 7}")));
            objects.Add(PolicyOf($"ns{number}/p", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"team":"TEAM"}},"podSelector":{"matchLabels":{"app":"APP"}}}],"ports":[{"port":80}]}]}"""
                .Replace("TEAM", $"t{number % 7}", StringComparison.Ordinal).Replace("APP", $"a{number % 37}", StringComparison.Ordinal)));
            objects.Add(PolicyOf($"ns{number}/q", $$$"""{"podSelector":{"matchLabels":{"tier":"t1"}},"ingress":[{"from":[{"podSelector":{}}]}]}"""));
        }

        var cluster = ClusterSnapshot.Of(objects);
        var loop = new TestLoop(_table);
        var generation = _socket.GenerationId;
        await loop.ResyncAsync(cluster);
        Assert.Equal(generation + 1, _socket.GenerationId);
        await loop.ChangeAsync(cluster.With(Pod("ns7/p7", "n1", "app=a9", "10.0.0.7")));
        Assert.Equal(generation + 2, _socket.GenerationId);
        await new TestLoop(_table).ResyncAsync(loop.Cluster);
        Assert.Equal(generation + 2, _socket.GenerationId);
    }

    public void Dispose()
    {
        _socket.Dispose();
        _space.Dispose();
    }

    private async Task<bool> WalkAsync(ClusterSnapshot[] history)
    {
        var loop = new TestLoop(_table);
        await loop.ResyncAsync(history[0]);
        foreach (var cluster in history.Skip(1))
        {
            await loop.ChangeAsync(cluster);
            Assert.Equal(NormalText.Of(await TestLoop.FromNothingAsync(cluster)), NormalText.Of(_table.Read()!));
            Assert.Equal(0, await loop.ResyncAsync(cluster));
        }

        return true;
    }
}

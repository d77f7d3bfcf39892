using Kn.Hosting;
using Kn.Kubernetes.Cache;
using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Tracing;
using Kn.Primitives;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

/// <summary>What rules do with packets that are no plain connection between two ends.</summary>
public sealed class PacketTests
{
    private const string Deny = """{"podSelector":{},"policyTypes":["Ingress","Egress"]}""";
    private static readonly IpAddress Web = IpAddress.Parse("10.0.1.1");
    private static readonly IpAddress Outside = IpAddress.Parse("203.0.113.5");

    [Fact]
    public async Task IcmpErrors_OfAConnection_Pass() =>
        Assert.True(await PassesAsync(Deny, Packet(Outside, Web, Linux.Nftables.IpProtocol.Icmp) with { State = ConnectionState.Related, OutputGroup = NodeResources.PodLinkGroup }));

    [Theory]
    [InlineData(133, true)]
    [InlineData(135, true)]
    [InlineData(136, true)]
    [InlineData(137, true)]
    [InlineData(128, false)]
    public async Task NeighbourDiscovery_Passes(int type, bool passes)
    {
        var packet = new TracePacket(IpAddress.Parse("fd00:10:1::1"), IpAddress.Parse("fd00:10:1::2"), Linux.Nftables.IpProtocol.Icmpv6, 0, (ushort)(type << 8))
        {
            State = ConnectionState.Untracked,
            InputGroup = NodeResources.PodBridgeGroup,
            OutputGroup = NodeResources.PodBridgeGroup,
        };
        Assert.Equal(passes, await PassesAsync(Deny, packet));
    }

    [Theory]
    [InlineData(Deny, false)]
    [InlineData("""{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"0.0.0.0/0"}}]}]}""", false)]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"port":80}]}]}""", false)]
    [InlineData("""{"podSelector":{},"ingress":[{}]}""", true)]
    [InlineData("""{"podSelector":{"matchLabels":{"app":"db"}}}""", true)]
    public async Task WithoutAConnection_OnlyWhatAnybodyMayDo_Passes(string spec, bool passes)
    {
        foreach (var state in new[] { ConnectionState.Invalid, ConnectionState.Untracked })
        {
            Assert.Equal(passes, await PassesAsync(spec, Packet(Outside, Web, Linux.Nftables.IpProtocol.Tcp) with { State = state, OutputGroup = NodeResources.PodLinkGroup }));
        }
    }

    /// <summary>The guarantee for a pod's first packet: its address is not in the table before its policies are.</summary>
    [Fact]
    public async Task AddressThatIsNotListed_NeitherSendsNorReceives()
    {
        var unknown = IpAddress.Parse("10.0.1.200");
        foreach (var state in new[] { ConnectionState.New, ConnectionState.Established, ConnectionState.Untracked })
        {
            Assert.False(await PassesAsync(Deny, Packet(unknown, Outside, Linux.Nftables.IpProtocol.Tcp) with { State = state, InputGroup = NodeResources.PodLinkGroup }));
            Assert.False(await PassesAsync(Deny, Packet(Outside, unknown, Linux.Nftables.IpProtocol.Tcp) with { State = state, OutputGroup = NodeResources.PodLinkGroup }));
        }
    }

    [Fact]
    public async Task WhatIsNoPods_IsLeftAlone()
    {
        Assert.True(await PassesAsync(Deny, Packet(Outside, IpAddress.Parse("198.51.100.1"), Linux.Nftables.IpProtocol.Tcp)));
        Assert.True(await PassesAsync(Deny, Packet(Outside, IpAddress.Parse("198.51.100.1"), Linux.Nftables.IpProtocol.Tcp) with { State = ConnectionState.Untracked }));
    }

    /// <summary>A Service's translation is undone by nobody here: the tuple says who the endpoint is, and by which of its ports.</summary>
    [Fact]
    public async Task ServicesAndMasquerading_AreSeenThrough()
    {
        var spec = """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"203.0.113.5/32"}}],"ports":[{"port":80}]}]}""";
        var client = Packet(Outside, Web, Linux.Nftables.IpProtocol.Tcp, 80) with
        {
            OutputGroup = NodeResources.PodLinkGroup,
            Original = new TraceTuple(Outside, IpAddress.Parse("192.168.0.1"), 40000, 30080),
            Reply = new TraceTuple(Web, IpAddress.Parse("192.168.0.1"), 80, 50000),
        };
        Assert.True(await PassesAsync(spec, client));
        Assert.False(await PassesAsync(spec, client with { Reply = new TraceTuple(Web, IpAddress.Parse("192.168.0.1"), 81, 50000) }));
        var answer = Packet(Web, IpAddress.Parse("192.168.0.1"), Linux.Nftables.IpProtocol.Tcp, 50000) with
        {
            InputGroup = NodeResources.PodLinkGroup,
            Direction = ConnectionDirection.Reply,
            State = ConnectionState.Established,
            Original = client.Original,
            Reply = client.Reply,
        };
        Assert.True(await PassesAsync(spec, answer));
    }

    [Theory]
    [InlineData(false, 6, 10250, true)]
    [InlineData(true, 6, 10250, false)]
    [InlineData(true, 17, 53, true)]
    [InlineData(true, 6, 53, true)]
    public async Task OwnNode_IsGuarded_WhereTheConfigWantsThat(bool guard, byte protocol, ushort port, bool passes)
    {
        var table = await TestLoop.FromNothingAsync(ClusterOf(Deny), "n1", new PolicyOptions { GuardOwnNode = guard });
        var packet = Packet(Web, IpAddress.Parse("192.168.0.1"), (Linux.Nftables.IpProtocol)protocol, port) with { InputGroup = NodeResources.PodLinkGroup };
        Assert.Equal(guard, table.FindChain("input") is not null);
        Assert.Equal(passes, !guard || new PacketTracer(table).Trace("input", packet).Verdict == NftVerdictKind.Accept);
        Assert.True(!guard || new PacketTracer(table).Trace("input", packet with { Direction = ConnectionDirection.Reply, State = ConnectionState.Established }).Verdict == NftVerdictKind.Accept);
    }

    /// <summary>Connections that began while anything was allowed.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task ConnectionThatIsNoLongerAllowed_GoesOn_OnlyWhereTheConfigWantsThat(bool cut, bool goesOn)
    {
        var table = new StrictTable();
        var loop = new TestLoop(table, options: new PolicyOptions { CutConnections = cut });
        await loop.ResyncAsync(ClusterSnapshot.Of(Cases.BaseObjects));
        var packet = Packet(Outside, Web, Linux.Nftables.IpProtocol.Tcp) with { OutputGroup = NodeResources.PodLinkGroup };
        Assert.Equal(!cut, table.Read()!.FindChain("forward") is not null);
        var mark = cut ? 0 : new PacketTracer(table.Read()!).Trace("forward", packet).Packet.CtMark;
        await loop.ChangeAsync(ClusterOf(Deny));
        Assert.Equal(goesOn, new PacketTracer(table.Read()!).Trace("forward", packet with { CtMark = mark, State = ConnectionState.Established }).Verdict == NftVerdictKind.Accept);
        Assert.Equal(NftVerdictKind.Drop, new PacketTracer(table.Read()!).Trace("forward", packet).Verdict);
    }

    /// <summary>The lower half of the mark is others'.</summary>
    [Fact]
    public async Task OthersMarks_Stay()
    {
        var table = await TestLoop.FromNothingAsync(ClusterOf("""{"podSelector":{"matchLabels":{"app":"nobody"}}}"""));
        var result = new PacketTracer(table).Trace("forward", Packet(Outside, Web, Linux.Nftables.IpProtocol.Tcp) with { OutputGroup = NodeResources.PodLinkGroup, CtMark = 0x1234 });
        Assert.Equal(0x0001_1234u, result.Packet.CtMark);
    }

    /// <summary>How a packet fares costs the same, however many policies and pods there are: it enters the same chains.</summary>
    [Fact]
    public async Task PathOfAPacket_DoesNotGrowWithTheCluster()
    {
        var small = ClusterSnapshot.Of([.. Cases.BaseObjects, PolicyOf("a/p", Spec(1))]);
        var large = ClusterSnapshot.Of([
            .. Cases.BaseObjects,
            .. Enumerable.Range(1, 100).Select(number => PolicyOf($"a/p{number}", Spec(number))),
            .. Enumerable.Range(1, 100).Select(number => Pod($"b/x{number}", "n2", $"app=x{number}", $"10.0.3.{number}"))]);
        Assert.Equal(await StepsAsync(small), await StepsAsync(large));

        static string Spec(int number) => $$$"""{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"203.0.113.0/24"}}],"ports":[{"port":{{{79 + number}}}}]}]}""";
        static async Task<int> StepsAsync(ClusterSnapshot cluster)
        {
            var table = await TestLoop.FromNothingAsync(cluster);
            var result = new PacketTracer(table).Trace("forward", Packet(Outside, Web, Linux.Nftables.IpProtocol.Tcp, 80) with { OutputGroup = NodeResources.PodLinkGroup });
            Assert.Equal(NftVerdictKind.Accept, result.Verdict);
            return result.Path.Count;
        }
    }

    private static ClusterSnapshot ClusterOf(string? spec) =>
        ClusterSnapshot.Of(spec is null ? Cases.BaseObjects : [.. Cases.BaseObjects, PolicyOf("a/p", spec)]);

    private static TracePacket Packet(IpAddress source, IpAddress destination, Linux.Nftables.IpProtocol protocol, ushort port = 80) => new(source, destination, protocol, 40000, port);

    private static async Task<bool> PassesAsync(string? spec, TracePacket packet)
    {
        var result = new PacketTracer(await TestLoop.FromNothingAsync(ClusterOf(spec))).Trace("forward", packet);
        Assert.Equal(0u, result.Packet.Priority);
        return result.Verdict == NftVerdictKind.Accept;
    }
}

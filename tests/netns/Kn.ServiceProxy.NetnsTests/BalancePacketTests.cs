using Kn.Kubernetes.Cache;
using Kn.Linux.Nftables;
using Kn.ServiceProxy.Tables;
using Kn.ServiceProxy.Tests;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>How real connections are spread, and who remembers where a client was. Needs root.</summary>
public sealed class BalancePacketTests : IDisposable
{
    private readonly TestNet _net = new();
    private readonly NftSocket _socket;
    private readonly TestLoop _loop;

    public BalancePacketTests()
    {
        _socket = NftSocket.Open(_net.Node);
        _loop = NewLoop();
    }

    [Theory, InlineData("rr"), InlineData("lc")]
    [Conformance("services", "Choosing")]
    public async Task RoundRobin_TakesEndpointsInTurn(string scheduler)
    {
        await _loop.ResyncAsync(Web(scheduler, 1, 2, 3));
        var answers = Enumerable.Range(0, 12).Select(_ => Ask("10.96.0.10")).ToArray();
        Assert.Equal(["p1", "p2", "p3"], answers[..3].Order());
        Assert.All(Enumerable.Range(3, 9), number => Assert.Equal(answers[number - 3], answers[number]));
    }

    [Fact]
    [Conformance("services", "Choosing")]
    public async Task RoundRobin_OfTwoServicesUsedInTurn_IsFairToBoth()
    {
        await _loop.ResyncAsync(Web("rr", 1, 2, 3)
            .With(Annotated(Service("web2", 11), "kube-router.io/service.scheduler", "rr"))
            .With(Slice("web2", "a", To(TestNet.Port), [.. new[] { 1, 2, 3 }.Select(static pod => At($"10.244.1.1{pod}", "n1"))])));
        var answers = Enumerable.Range(0, 9).Select(_ => (Ask("10.96.0.10"), Ask("10.96.0.11"))).ToArray();
        Assert.All(["p1", "p2", "p3"], name => Assert.Equal((3, 3), (answers.Count(pair => pair.Item1 == name), answers.Count(pair => pair.Item2 == name))));
    }

    [Theory, InlineData("sh"), InlineData("mh")]
    [Conformance("services", "Choosing")]
    public async Task SourceHash_KeepsEachClient_AndMovesOnlyThoseOfAnEndpointThatGoes(string scheduler)
    {
        var clients = Enumerable.Range(100, 40).Select(static number => $"192.168.50.{number}").ToArray();
        foreach (var client in clients)
        {
            _net.On("o", "ip", "addr", "add", $"{client}/24", "dev", "n0");
        }

        await _loop.ResyncAsync(Web(scheduler, 1, 2, 3));
        var before = clients.ToDictionary(static client => client, AskFrom);
        Assert.Equal(before, clients.ToDictionary(static client => client, AskFrom));
        Assert.Equal(["p1", "p2", "p3"], before.Values.Distinct().Order());
        await _loop.ChangeAsync(Web(scheduler, 1, 3));
        var after = clients.ToDictionary(static client => client, AskFrom);
        Assert.All(before.Where(static pair => pair.Value != "p2"), pair => Assert.Equal(pair.Value, after[pair.Key]));
        Assert.DoesNotContain("p2", after.Values);
        await _loop.ChangeAsync(Web(scheduler, 1, 2, 3));
        Assert.Equal(before, clients.ToDictionary(static client => client, AskFrom));
    }

    [Fact]
    [Conformance("services", "Choosing")]
    public async Task DestinationHash_SendsAllClientsOfAnAddressToOneEndpoint()
    {
        await _loop.ResyncAsync(Web("dh", 1, 2, 3));
        Assert.Single(Enumerable.Range(0, 20).Select(_ => Ask("10.96.0.10")).Distinct());
    }

    [Theory, InlineData("10.96.0.10"), InlineData("fd00:96::a")]
    [Conformance("services", "Affinity")]
    public async Task Client_IsRemembered_AcrossARestartOfTheAgent(string address)
    {
        await _loop.ResyncAsync(Sticky(1, 2, 3));
        var first = Ask(address);
        var restarted = NewLoop();
        Assert.Equal(0, await restarted.ResyncAsync(Sticky(1, 2, 3)));
        Assert.Equal([first], Enumerable.Range(0, 20).Select(_ => Ask(address)).Distinct());
    }

    [Theory, InlineData("10.96.0.10"), InlineData("fd00:96::a")]
    [Conformance("services", "Affinity")]
    public async Task Client_WhoseEndpointWentWhileTheAgentWasAway_GetsAnother_AndIsRememberedThere(string address)
    {
        await _loop.ResyncAsync(Sticky(1, 2, 3));
        var first = Ask(address);
        await NewLoop().ResyncAsync(Sticky([.. new[] { 1, 2, 3 }.Where(pod => first != $"p{pod}")]));
        var second = Ask(address);
        Assert.NotEqual(first, second);
        Assert.Equal([second], Enumerable.Range(0, 20).Select(_ => Ask(address)).Distinct());
        await NewLoop().ResyncAsync(Sticky(1, 2, 3));
        Assert.Equal([second], Enumerable.Range(0, 20).Select(_ => Ask(address)).Distinct());
    }

    public void Dispose()
    {
        _socket.Dispose();
        _net.Dispose();
    }

    private static ClusterSnapshot Web(string scheduler, params int[] pods) => Cluster(
        Annotated(Service("web", 10), "kube-router.io/service.scheduler", scheduler),
        Slice("web", "a", To(TestNet.Port), [.. pods.Select(static pod => At($"10.244.1.1{pod}", "n1"))]));

    private static ClusterSnapshot Sticky(params int[] pods) => Cluster(
        Service("web", 10) with { ClientIpAffinitySeconds = 600 },
        Slice("web", "a", To(TestNet.Port), [.. pods.Select(static pod => At($"10.244.1.1{pod}", "n1"))]),
        Slice("web", "b", To(TestNet.Port), [.. pods.Select(static pod => At($"fd00:244:1::1{pod}", "n1"))]));

    private TestLoop NewLoop() => new(new NftProxyTable(_socket, new ServiceProxyOptions()));

    private string Ask(string address) => TestNet.Ask(_net.Outside, address, 80).Split(' ')[0];

    private string AskFrom(string client) => TestNet.Ask(_net.Outside, "10.96.0.10", 80, source: client).Split(' ')[0];
}

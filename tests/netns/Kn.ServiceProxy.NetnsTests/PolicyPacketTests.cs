using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Kn.NetnsTests;
using Kn.Primitives;
using Kn.ServiceProxy.Tables;
using Kn.ServiceProxy.Tests;
using static Kn.ServiceProxy.Tests.Build;
using IpProtocol = Kn.Kubernetes.Objects.IpProtocol;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>Traffic policies, load balancers' addresses and source ranges, with real packets. p1 is on this node; p2 and p3 are too, but
/// the slices say that they are on another. Needs root.</summary>
public sealed class PolicyPacketTests : IDisposable
{
    private const string Client = "192.168.50.9";
    private const string Client6 = "fd00:50::9";
    private const string Everybody = "p1 p2 p3";
    private readonly TestNet _net = new();
    private readonly NftSocket _socket;
    private readonly TestLoop _loop;

    public PolicyPacketTests()
    {
        _socket = NftSocket.Open(_net.Node);
        _loop = new TestLoop(new NftProxyTable(_socket, new ServiceProxyOptions()));
    }

    /// <summary>From where, to what; who answers, and the address they see where the client's own is kept.</summary>
    public static TheoryData<string, string, int, string, string?> LocalPolicies => new()
    {
        { "outside", "203.0.113.10", 80, "p1", Client },
        { "outside", "fd00:113::10", 80, "p1", Client6 },
        { "outside", "192.168.50.1", 30080, "p1", Client },
        { "outside", "fd00:50::1", 30080, "p1", Client6 },
        { "outside", "10.96.0.10", 80, "p1", null },
        { "p1", "203.0.113.10", 80, Everybody, "10.244.1.11" },
        { "p1", "fd00:113::10", 80, Everybody, "fd00:244:1::11" },
        { "p1", "192.168.50.1", 30080, Everybody, "10.244.1.11" },
        { "p2", "10.96.0.10", 80, "p1", "10.244.1.12" },
        { "p2", "fd00:96::a", 80, "p1", "fd00:244:1::12" },
        { "p1", "10.96.0.10", 80, "p1", null },
        { "node", "203.0.113.10", 80, Everybody, null },
        { "node", "fd00:113::10", 80, Everybody, null },
        { "node", "192.168.50.1", 30080, Everybody, null },
        { "node", "10.96.0.10", 80, "p1", null },
    };

    [Theory, MemberData(nameof(LocalPolicies))]
    [Conformance("services", "Traffic policies")]
    public async Task PolicyLocal_KeepsClientsOutsideOnThisNode(string from, string address, int port, string expected, string? source)
    {
        await _loop.ResyncAsync(Balanced(static service => service with { ExternalTrafficPolicyLocal = true, InternalTrafficPolicyLocal = true }));
        AssertAnswers(from, address, port, expected, source);
    }

    [Theory]
    [InlineData("outside", "203.0.113.10", 80)]
    [InlineData("outside", "fd00:113::10", 80)]
    [InlineData("p1", "203.0.113.10", 80)]
    [InlineData("node", "203.0.113.10", 80)]
    [InlineData("node", "fd00:113::10", 80)]
    [Conformance("services", "Source addresses")]
    public async Task PolicyCluster_OfALoadBalancer_MasqueradesEverybody(string from, string address, int port)
    {
        await _loop.ResyncAsync(Balanced(static service => service));
        AssertAnswers(from, address, port, Everybody, source: null);
    }

    [Fact]
    [Conformance("services", "Traffic policies")]
    public async Task PolicyLocal_WithoutLocalEndpoint_DropsOutside_AndServesPods()
    {
        await _loop.ResyncAsync(Cluster(
            Service("web", 10, Tcp(80, 30080)) with { Type = "NodePort", ExternalTrafficPolicyLocal = true },
            Slice("web", "a", To(TestNet.Port), At("10.244.1.12"))));
        Assert.Equal("TimedOut", Ask("outside", "192.168.50.1", 30080));
        Assert.Equal("p2 10.244.1.13", Ask("p3", "192.168.50.1", 30080));
        Assert.StartsWith("p2 ", Ask("outside", "10.96.0.10", 80));
    }

    [Fact]
    [Conformance("services", "Source ranges")]
    public async Task SourceRanges_GuardTheLoadBalancersAddressOnly()
    {
        var guarded = (string range) => Balanced(service => service with { LoadBalancerSourceRanges = [IpPrefix.Parse(range)] });
        await _loop.ResyncAsync(guarded("192.168.50.8/31"));
        Assert.StartsWith("p", Ask("outside", "203.0.113.10", 80));
        Assert.Equal("TimedOut", Ask("p2", "203.0.113.10", 80));
        await _loop.ChangeAsync(guarded("192.168.50.16/28"));
        Assert.Equal("TimedOut", Ask("outside", "203.0.113.10", 80));
        Assert.StartsWith("p", Ask("outside", "192.168.50.1", 30080));
        Assert.StartsWith("p", Ask("outside", "10.96.0.10", 80));
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task SctpInit_ReachesAnEndpoint_FromThePodItself()
    {
        await _loop.ResyncAsync(Cluster(
            Service("sctp", 10, new ServicePort("", IpProtocol.Sctp, 2905, 0)),
            Slice("sctp", "a", To(3868, IpProtocol.Sctp), At("10.244.1.12", "n1"))));
        using var endpoint = new SctpProbe(_net.Pods[1]);
        using var client = new SctpProbe(_net.Pods[0]);
        client.SendInit("10.96.0.10", 5000, 2905);
        Assert.Equal("10.244.1.11:5000 > 3868", endpoint.ReceiveInit());
    }

    public void Dispose()
    {
        _socket.Dispose();
        _net.Dispose();
    }

    private static ClusterSnapshot Balanced(Func<Service, Service> policies) => Cluster(
        policies(Service("web", 10, Tcp(80, 30080)) with
        {
            Type = "LoadBalancer",
            LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false), new LoadBalancerIngress(IpAddress.Parse("fd00:113::10"), false)],
        }),
        Slice("web", "a", To(TestNet.Port), At("10.244.1.11", "n1"), At("10.244.1.12"), At("10.244.1.13")),
        Slice("web", "b", To(TestNet.Port), At("fd00:244:1::11", "n1"), At("fd00:244:1::12"), At("fd00:244:1::13")));

    /// <summary>A client that reaches itself is masqueraded in every case, so its own answers say nothing of the source.</summary>
    private void AssertAnswers(string from, string address, int port, string expected, string? source)
    {
        var answers = Enumerable.Range(0, 40).Select(_ => Ask(from, address, port).Split(' ')).ToArray();
        Assert.Equal(expected.Split(' '), answers.Select(static answer => answer[0]).Distinct().Order());
        var sources = answers.Where(answer => answer[0] != from).Select(static answer => answer[1]).Distinct().ToArray();
        if (source is not null)
        {
            Assert.Equal([source], sources);
        }
        else
        {
            Assert.DoesNotContain(sources, seen => seen is Client or Client6 or "10.244.1.11" or "10.244.1.12" or "fd00:244:1::12");
        }
    }

    private string Ask(string from, string address, int port) => TestNet.Ask(From(from), address, port);

    private NetworkNamespace From(string name) => name switch
    {
        "node" => _net.Node,
        "outside" => _net.Outside,
        _ => _net.Pods[name[1] - '1'],
    };
}

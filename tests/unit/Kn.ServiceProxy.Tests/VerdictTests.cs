using Kn.Hosting.Options;
using Kn.Linux.Nftables.Tracing;
using Kn.Primitives;
using static Kn.ServiceProxy.Tests.Build;
using IpProtocol = Kn.Linux.Nftables.IpProtocol;

namespace Kn.ServiceProxy.Tests;

/// <summary>What the rules mean: who is translated to what, who is masqueraded, refused or dropped. The rows follow the traffic policies of
/// the Service API and what kube-proxy makes of them.</summary>
public class VerdictTests
{
    private const string Pod = "10.244.1.99";
    private const string Pod6 = "fd00:244:1::99";
    private const string Endpoint = "10.244.1.2";
    private const string NodeIp = "192.168.50.1";
    private const string Outside = "198.51.100.7";
    private const string Stranger = "192.0.2.200";
    private const string Lb = "203.0.113.10";

    private const string All = "10.244.1.2:8080 10.244.2.10:8080 10.244.2.11:8080";
    private const string Two = "10.244.1.2:8080 10.244.2.10:8080";
    private const string Here = "10.244.1.2:8080";
    private const string There = "10.244.2.10:8080";

    public static TheoryData<string, string, string, ushort, string> ClusterIps => new()
    {
        // ClusterIP: pods keep their address, unless one reaches itself; everybody else is masqueraded.
        { "cluster-ip", Pod, "10.96.0.10", 80, All },
        { "cluster-ip", Endpoint, "10.96.0.10", 80, $"10.244.2.10:8080 10.244.2.11:8080, masquerade {Here}" },
        { "cluster-ip", NodeIp, "10.96.0.10", 80, $"masquerade {All}" },
        { "cluster-ip", Outside, "10.96.0.10", 80, $"masquerade {All}" },
        { "cluster-ip", Pod6, "fd00:96::a", 80, "fd00:244:1::2:8080 fd00:244:2::10:8080" },
        { "cluster-ip", "fd00:50::1", "fd00:96::a", 80, "masquerade fd00:244:1::2:8080 fd00:244:2::10:8080" },
        { "cluster-ip", "2001:db8::7", "fd00:96::a", 80, "masquerade fd00:244:1::2:8080 fd00:244:2::10:8080" },
        { "cluster-ip", Pod, "10.96.0.10", 81, "refused" },
        { "cluster-ip", Pod6, "fd00:96::a", 81, "refused" },
        { "cluster-ip", NodeIp, "10.96.0.10", 81, "refused" },
        { "cluster-ip", Pod, "10.96.0.77", 80, "refused" },
        { "cluster-ip", Pod6, "fd00:96::77", 80, "refused" },
        { "cluster-ip", Pod, "192.0.2.1", 80, "untouched" },
        { "cluster-ip", Pod, Here[..^5], 8080, "untouched" },
        { "one-endpoint-more", Pod, "10.96.0.10", 80, $"{All} 10.244.3.1:8080" },
        { "first-endpoint-gone", Pod, "10.96.0.10", 80, "10.244.2.10:8080 10.244.2.11:8080" },
        { "all-endpoints-others", Pod, "10.96.0.10", 80, "10.244.5.1:8080 10.244.5.2:8080 10.244.5.3:8080 10.244.5.4:8080 10.244.5.5:8080" },
        { "all-endpoints-others", Pod6, "fd00:96::a", 80, "refused" },
        { "no-endpoints", Pod, "10.96.0.10", 80, "refused" },
        { "no-endpoints", NodeIp, "10.96.0.10", 80, "refused" },
        { "no-endpoints", Outside, "10.96.0.10", 80, "refused" },
        { "nothing", Pod, "10.96.0.10", 80, "refused" },
    };

    public static TheoryData<string, string, string, ushort, string> Externals => new()
    {
        // NodePort, policy Cluster: masqueraded for all; served on the node's own address only.
        { "node-port", Pod, NodeIp, 30080, $"masquerade {Two}" },
        { "node-port", NodeIp, NodeIp, 30080, $"masquerade {Two}" },
        { "node-port", Outside, NodeIp, 30080, $"masquerade {Two}" },
        { "node-port", Pod, "10.96.0.10", 80, Two },
        { "node-port", Outside, "172.16.0.1", 30080, "untouched" },
        { "node-port", Outside, NodeIp, 30081, "untouched" },
        { "node-port", "2001:db8::7", "fd00:50::1", 30080, "refused" },
        { "another-node-port", Outside, NodeIp, 30081, $"masquerade {Two}" },
        { "another-node-port", Outside, NodeIp, 30080, "untouched" },
        { "node-address-changed", Outside, "172.16.0.1", 30080, $"masquerade {Two}" },
        { "node-address-changed", Outside, NodeIp, 30080, "untouched" },

        // Policies Local: outside only local endpoints, with the client's address; pods and the node go to all; ClusterIP by internalTrafficPolicy.
        { "local-policies", Pod, "10.96.0.10", 80, Here },
        { "local-policies", NodeIp, "10.96.0.10", 80, $"masquerade {Here}" },
        { "local-policies", Outside, "10.96.0.10", 80, $"masquerade {Here}" },
        { "local-policies", Pod, Lb, 80, Two },
        { "local-policies", NodeIp, Lb, 80, $"masquerade {Two}" },
        { "local-policies", Outside, Lb, 80, Here },
        { "local-policies", Endpoint, Lb, 80, $"{There}, masquerade {Here}" },
        { "local-policies", Pod, NodeIp, 30080, Two },
        { "local-policies", NodeIp, NodeIp, 30080, $"masquerade {Two}" },
        { "local-policies", Outside, NodeIp, 30080, Here },

        // A pod of another node that asks this one gets any endpoint, masqueraded where that would not answer by this node.
        { "local-policies-among-nodes", Pod, NodeIp, 30080, Two },
        { "local-policies-among-nodes", "10.244.2.77", NodeIp, 30080, $"{Here}, masquerade {There}" },
        { "local-policies-among-nodes", "fd00:244:2::77", "fd00:50::1", 30080, "fd00:244:1::2:8080, masquerade fd00:244:2::10:8080" },
        { "local-policies-among-nodes", Outside, NodeIp, 30080, Here },
        { "local-policies-among-nodes", Pod, "10.96.0.10", 80, Two },
        { "external-local-without-local-endpoint", Outside, NodeIp, 30080, "dropped" },
        { "external-local-without-local-endpoint", Pod, NodeIp, 30080, There },
        { "external-local-without-local-endpoint", NodeIp, NodeIp, 30080, $"masquerade {There}" },
        { "external-local-without-local-endpoint", Outside, "10.96.0.10", 80, $"masquerade {There}" },

        // Source ranges: of the load balancer's address only, for pods and the node too; ipMode Proxy is left to the balancer.
        { "source-ranges", Outside, Lb, 80, $"masquerade {Two}" },
        { "source-ranges", "198.51.100.200", Lb, 80, $"masquerade {Two}" },
        { "source-ranges", Stranger, Lb, 80, "dropped" },
        { "source-ranges", Pod, Lb, 80, "dropped" },
        { "source-ranges", NodeIp, Lb, 80, "dropped" },
        { "source-ranges", Stranger, NodeIp, 30080, $"masquerade {Two}" },
        { "source-ranges", Stranger, "10.96.0.10", 80, $"masquerade {Two}" },
        { "source-ranges", Stranger, "203.0.113.11", 80, "untouched" },
        { "source-ranges", "2001:db8::7", "fd00:113::10", 80, "refused" },
        { "source-ranges", "2001:db9::7", "fd00:113::10", 80, "dropped" },

        // A node that has the load balancer's address sends from it, and is permitted by its other one.
        { "source-ranges-with-the-node", NodeIp, Lb, 80, $"masquerade {Here}" },
        { "source-ranges-with-the-node", Lb, Lb, 80, $"masquerade {Here}" },
        { "source-ranges-with-the-node", Pod, Lb, 80, "dropped" },
        { "source-ranges", Lb, Lb, 80, "dropped" },

        { "local-by-annotation", Outside, NodeIp, 30080, Here },
        { "local-by-annotation", Pod, "10.96.0.10", 80, Here },
        { "local-by-annotation", NodeIp, NodeIp, 30080, $"masquerade {Two}" },
    };

    public static TheoryData<string, string, string, ushort, string> Others => new()
    {
        { "two-ports-of-one-number", Pod, "10.96.0.53", 53, "10.244.2.10:5354 10.244.2.11:5354" },
        { "affinity", Pod, "10.96.0.10", 80, All },
        { "affinity", Outside, "10.96.0.10", 80, $"masquerade {All}" },
        { "affinity-others", Pod, "10.96.0.10", 80, "10.244.2.10:8080 10.244.2.11:8080 10.244.2.12:8080" },
        { "two-services-share-an-endpoint", Endpoint, "10.96.0.11", 80, $"masquerade {Here}" },
        { "slices-disagree-on-the-node", Endpoint, "10.96.0.10", 80, $"{There}, masquerade {Here}" },
        { "slices-disagree-on-the-node", Endpoint, "10.96.0.11", 80, $"{There}, masquerade {Here}" },
        { "slices-disagree-on-the-node", "10.244.2.10", "10.96.0.11", 80, $"{Here}, masquerade {There}" },
        { "two-services-claim-one-address", Outside, Lb, 80, "masquerade 10.244.2.10:8080" },
        { "two-services-claim-one-address", Pod, "10.96.0.12", 80, "10.244.2.11:8080" },
        { "a-better-claim", Outside, Lb, 80, "masquerade 10.244.2.9:8080" },

        // Every row begins with a fresh table: the first turn is the first endpoint's.
        { "round-robin", Pod, "10.96.0.10", 80, Here },
        { "hashes", Pod, "10.96.0.10", 80, Two },
        { "hashes", Pod6, "fd00:96::b", 80, "fd00:244:1::2:8080 fd00:244:2::10:8080" },
        { "another-proxys", Pod, "10.96.0.10", 80, "untouched" },
        { "another-proxys", NodeIp, "fd00:96::a", 80, "untouched" },
        { "another-proxys", Pod, "10.96.0.11", 80, "refused" },
        { "other-service-cidrs", Pod, "10.112.3.4", 80, "refused" },
        { "other-service-cidrs", Pod, "10.113.3.4", 80, "untouched" },
        { "other-service-cidrs", Pod, "10.96.0.10", 80, "refused" },
    };

    [Theory, MemberData(nameof(ClusterIps)), MemberData(nameof(Externals)), MemberData(nameof(Others))]
    public async Task Packet_MeetsTheRightEnd(string name, string from, string address, ushort port, string expected) =>
        Assert.Equal(expected, new Verdicts(await WholeTable.OfAsync(Cases.All[name])).Of(from, address, port));

    [Fact]
    public void EveryCase_HasARow() =>
        Assert.Equal(Cases.All.Keys, ClusterIps.Concat(Externals).Concat(Others).Select(static row => (string)row[0]).Distinct().Order(StringComparer.Ordinal));

    [Theory, InlineData(IpProtocol.Udp, "10.244.2.10:5353 10.244.2.11:5353"), InlineData(IpProtocol.Sctp, "refused")]
    [Conformance("services", "Addresses")]
    public async Task Protocol_IsPartOfTheVip(IpProtocol protocol, string expected) =>
        Assert.Equal(expected, new Verdicts(await WholeTable.OfAsync(Cases.All["two-ports-of-one-number"])).Of(Pod, "10.96.0.53", 53, protocol));

    [Fact]
    [Conformance("services", "Source addresses")]
    public async Task MasqueradeAll_MasqueradesPodsToClusterIps()
    {
        var node = ThisNode with { Options = new ServiceProxyOptions { MasqueradeAll = true } };
        var verdicts = new Verdicts(await WholeTable.OfAsync(Cases.All["local-policies"], node));
        Assert.Equal($"masquerade {Here}", verdicts.Of(Pod, "10.96.0.10", 80));
        Assert.Equal(Two, verdicts.Of(Pod, Lb, 80));
    }

    [Fact]
    public async Task WithoutPodPrefixes_PodsAreOutside()
    {
        var verdicts = new Verdicts(await WholeTable.OfAsync(Cases.All["local-policies"], ThisNode with { Cluster = new ClusterOptions() }));
        Assert.Equal(Here, verdicts.Of(Pod, Lb, 80));
        Assert.Equal($"masquerade {Two}", verdicts.Of(NodeIp, Lb, 80));
    }

    [Theory, InlineData(false, "untouched"), InlineData(true, $"masquerade {Here}")]
    [Conformance("services", "Addresses")]
    public async Task ExternalIp_IsServedOnlyWhenSwitchedOn(bool externalIps, string expected)
    {
        var cluster = Cluster(Service("web", 10) with { ExternalIps = Addresses("198.51.100.80") }, Slice("web", "a", To(8080), At(Endpoint, "n1")));
        var node = ThisNode with { Options = new ServiceProxyOptions { ExternalIps = externalIps } };
        Assert.Equal(expected, new Verdicts(await WholeTable.OfAsync(cluster, node)).Of(Pod, "198.51.100.80", 80));
    }

    [Fact]
    public async Task UnknownPort_IsRefused_WhereNobodySaysWhatClusterIpsAreTakenFrom()
    {
        var cluster = Cluster(Cidr with { Cidrs = [] }, Service("web", 10));
        Assert.Equal("refused", new Verdicts(await WholeTable.OfAsync(cluster)).Of(Pod, "10.96.0.10", 81));
        Assert.Equal("untouched", new Verdicts(await WholeTable.OfAsync(cluster)).Of(Pod, "10.96.0.77", 80));
    }

    [Fact]
    [Conformance("services", "Source ranges")]
    public async Task ExternalIp_IsNoWayAroundSourceRanges()
    {
        var cluster = Cluster(
            Service("web", 10) with { Type = "LoadBalancer", ExternalIps = Addresses("198.51.100.80"), LoadBalancerSourceRanges = [IpPrefix.Parse("198.51.100.0/28")] },
            Slice("web", "a", To(8080), At(Endpoint, "n1")));
        var verdicts = new Verdicts(await WholeTable.OfAsync(cluster, ThisNode with { Options = new ServiceProxyOptions { ExternalIps = true } }));
        Assert.Equal($"masquerade {Here}", verdicts.Of(Outside, "198.51.100.80", 80));
        Assert.Equal("dropped", verdicts.Of(Stranger, "198.51.100.80", 80));
    }

    [Theory]
    [InlineData("node-port", "127.0.0.1", "127.0.0.1", $"masquerade {Two}")]
    [InlineData("local-policies", "127.0.0.1", "127.0.0.1", $"masquerade {Two}")]
    [InlineData("external-local-without-local-endpoint", "127.0.0.1", "127.0.0.1", $"masquerade {There}")]
    [InlineData("node-port", "::1", "::1", "refused")]
    [InlineData("node-port", Outside, "127.0.0.1", "dropped")]
    [InlineData("node-port", Pod, "127.0.0.9", "dropped")]
    [InlineData("node-port", "127.0.0.2", NodeIp, "dropped by the wire")]
    public async Task LocalhostNodePort_IsForTheNodeItself(string name, string from, string address, string expected)
    {
        var node = ThisNode with { Options = new ServiceProxyOptions { LocalhostNodePorts = true } };
        var fromWire = expected.EndsWith(" by the wire", StringComparison.Ordinal);
        Assert.Equal(expected.Replace(" by the wire", "", StringComparison.Ordinal), new Verdicts(await WholeTable.OfAsync(Cases.All[name], node)).Of(from, address, 30080, fromWire: fromWire));
    }

    [Fact]
    public async Task RoundRobin_TakesEndpointsInTurn()
    {
        var tracer = new PacketTracer(await WholeTable.OfAsync(Cases.All["round-robin"]), static _ => 0);
        var targets = Enumerable.Range(0, 6).Select(_ => Verdicts.One(tracer, Pod, "10.96.0.10", 80).Target).ToArray();
        Assert.Equal(All.Split(' '), targets[..3].Order(StringComparer.Ordinal));
        Assert.Equal(targets[..3], targets[3..]);
    }

    [Fact]
    public async Task Affinity_RemembersAClientOfAVip()
    {
        var choice = 2u;
        var tracer = new PacketTracer(await WholeTable.OfAsync(Cases.All["affinity"]), modulus => choice % modulus);
        Assert.Equal("10.244.2.11:8080", Verdicts.One(tracer, Pod, "10.96.0.10", 80).Target);
        choice = 0;
        Assert.Equal("10.244.2.11:8080", Verdicts.One(tracer, Pod, "10.96.0.10", 80).Target);
        Assert.Equal("10.244.1.2:8080", Verdicts.One(tracer, "10.244.1.98", "10.96.0.10", 80).Target);
    }
}

using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.LoadBalancer.Allocating;
using Kn.LoadBalancer.Announcing;
using Kn.Primitives;

namespace Kn.LoadBalancer.Tests.Announcing;

/// <summary>Which node announces which address, on which link.</summary>
public sealed class AnnouncementTests
{
    private static readonly LoadBalancerOptions s_options = Given.Options(Given.Pool("p", "192.0.2.0/24"));

    [Fact]
    [Conformance("load-balancer", "Announcement")]
    public void A_node_that_goes_moves_its_own_addresses_and_no_others()
    {
        string[] nodes = [.. Enumerable.Range(0, 20).Select(static i => $"n{i}")];
        foreach (var address in Enumerable.Range(0, 200).Select(static i => IpAddress.FromV4(0xC0000200 + (uint)i)))
        {
            var owner = Rendezvous.Top(address, nodes, 5)[0];
            foreach (var gone in nodes)
            {
                var now = Rendezvous.Top(address, [.. nodes.Where(node => node != gone)], 5)[0];
                Assert.Equal(gone == owner, now != owner);
            }
        }
    }

    [Fact]
    public void Addresses_AreSpreadEvenly()
    {
        string[] nodes = [.. Enumerable.Range(0, 10).Select(static i => $"node-{i}")];
        var counts = nodes.ToDictionary(static node => node, static _ => 0);
        for (uint i = 0; i < 10_000; i++)
        {
            counts[Rendezvous.Top(IpAddress.FromV4(0x0A000000 + i), nodes, 1)[0]]++;
        }

        Assert.All(counts.Values, static count => Assert.InRange(count, 850, 1150));
    }

    [Fact]
    public void TheTop_IsTheWholeOrdersHead()
    {
        string[] nodes = [.. Enumerable.Range(0, 50).Select(static i => $"n{i}")];
        var address = IpAddress.Parse("2001:db8::7");
        Assert.Equal(nodes.OrderByDescending(node => Rendezvous.Weight(address, node)).Take(5), Rendezvous.Top(address, nodes, 5));
    }

    [Fact]
    [Conformance("load-balancer", "Announcement")]
    public void Nodes_that_are_excluded_or_not_Ready_announce_nothing() => Assert.Equal(
        ["n1"], CandidatesOf(s_options, Given.Node("n1"), Given.Node("n2", ready: false), Given.Node("n3", true, (AnnouncementPlan.ExcludeLabel, ""))));

    [Fact]
    [Conformance("load-balancer", "Announcement")]
    public void Excluded_nodes_announce_where_the_config_says_so() => Assert.Equal(
        ["n1"], CandidatesOf(s_options with { UseExcludedNodes = true }, Given.Node("n1", true, (AnnouncementPlan.ExcludeLabel, ""))));

    [Fact]
    [Conformance("load-balancer", "Announcement")]
    public void Where_no_node_is_Ready_readiness_says_nothing() => Assert.Equal(
        ["n1", "n2"], CandidatesOf(s_options, Given.Node("n1", ready: false), Given.Node("n2", ready: false)).Order());

    [Fact]
    [Conformance("load-balancer", "Announcement")]
    public void A_pools_node_selectors_choose_its_nodes() => Assert.Equal(
        ["n2"], CandidatesOf(Given.Options(Given.Pool("p", "192.0.2.0/24") with { NodeSelectors = ["edge=yes"] }), Given.Node("n1"), Given.Node("n2", true, ("edge", "yes"))));

    [Fact]
    [Conformance("load-balancer", "Announcement")]
    public void Policy_Local_is_announced_by_nodes_with_a_ready_endpoint_of_the_family()
    {
        var service = Given.Service("a").Holding("192.0.2.1") with { ExternalTrafficPolicyLocal = true };
        Assert.Equal(["n2"], CandidatesOf(
            s_options,
            Given.Node("n1"), Given.Node("n2"), Given.Node("n3"),
            service,
            Given.Slice(service, IpFamily.V4, ("n1", false), ("n2", true)),
            Given.Slice(service, IpFamily.V6, ("n3", true))));
    }

    [Fact]
    [Conformance("load-balancer", "Announcement")]
    public void A_pool_for_BGP_has_no_node_that_answers() =>
        Assert.Empty(CandidatesOf(Given.Options(Given.Pool("p", "192.0.2.0/24") with { Announce = AnnounceWay.Bgp }), Given.Node("n1")));

    [Fact]
    public void OnlyOwnServicesInOwnPools_AreAnnounced()
    {
        var planned = AnnouncementPlan.Plan(
            Given.Cluster(Given.Service("a").Holding("192.0.2.1"), Given.Service("b").Holding("198.51.100.1"), Given.Service("c").Holding("192.0.2.2") with { LoadBalancerClass = "x/y" }),
            AddressPool.Of(s_options),
            s_options);
        Assert.Equal("192.0.2.1", Assert.Single(planned).Key.ToString());
    }

    [Fact]
    public void Peers_AreThoseThatShareAnAddress_AndGrowNotWithTheCluster()
    {
        var nodes = Enumerable.Range(0, 1000).Select(static i => Given.Node($"n{i}"));
        var services = Enumerable.Range(0, 250).Select(static i => Given.Service($"s{i}").Holding(IpAddress.FromV4(0xC0000200 + (uint)i).ToString()));
        var planned = AnnouncementPlan.Plan(Given.Cluster([.. nodes, .. services]), AddressPool.Of(s_options), s_options);
        var peers = Enumerable.Range(0, 1000).Select(i => AnnouncementPlan.Peers(planned.Values, $"n{i}").Count).ToList();
        Assert.InRange(peers.Max(), 4, 40);
        Assert.Contains(0, peers);
    }

    [Theory]
    [InlineData("192.0.2.50", "eth0")]
    [InlineData("10.9.9.9", "eth1")]
    [InlineData("198.51.100.1", "eth0")]
    [InlineData("2001:db8::50", "eth0")]
    [InlineData("2001:db8:9::1", "eth0")]
    public void TheLink_IsTheOneWhosePrefixHasTheAddress_ElseTheNodesOwn(string address, string expected) =>
        Assert.Equal(expected, Assert.Single(Links().For(IpAddress.Parse(address), [])).Name);

    [Fact]
    public void LinksThatTheConfigNames_AreTaken() =>
        Assert.Equal(["eth1"], Links().For(IpAddress.Parse("192.0.2.50"), ["eth1", "absent"]).Select(static link => link.Name));

    private static IEnumerable<string> CandidatesOf(LoadBalancerOptions options, params KubernetesObject[] items)
    {
        KubernetesObject[] all = items.Any(static item => item is Service) ? items : [.. items, Given.Service("a").Holding("192.0.2.1")];
        return Assert.Single(AnnouncementPlan.Plan(Given.Cluster(all), AddressPool.Of(options), options)).Value.Candidates;
    }

    private static LinkChoice Links()
    {
        static Link Link(int index, string name, uint group = 0) =>
            new() { Index = index, Name = name, Flags = LinkFlags.Up, Mac = MacAddress.FromNumber((ulong)index), Mtu = 1500, Group = group };
        static LinkAddress Address(int link, string address, byte length) => new() { Address = IpAddress.Parse(address), PrefixLength = length, LinkIndex = link };
        return new LinkChoice(
            [Link(2, "eth0"), Link(3, "eth1"), Link(4, "knpod", Hosting.NodeResources.PodLinkGroup)],
            [Address(4, "198.51.100.9", 24), Address(2, "192.0.2.1", 24), Address(2, "2001:db8::1", 64), Address(3, "10.9.0.1", 16)],
            [IpAddress.Parse("192.0.2.1"), IpAddress.Parse("2001:db8::1")]);
    }
}

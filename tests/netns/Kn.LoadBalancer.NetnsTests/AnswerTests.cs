using Kn.Kubernetes.Cache;
using Kn.LoadBalancer.Inspection;
using Kn.NetnsTests;

namespace Kn.LoadBalancer.NetnsTests;

/// <summary>Addresses as real kernels, arping and ndisc6 find them. Needs root.</summary>
public sealed class AnswerTests : IDisposable
{
    private const string V4 = "192.0.2.50";
    private const string V6 = "2001:db8::50";
    private readonly Segment _segment = new(3);

    public void Dispose() => _segment.Dispose();

    [Theory]
    [InlineData(V4)]
    [InlineData(V6)]
    [Conformance("load-balancer", "Announcement")]
    public void A_kernel_on_the_segment_finds_the_address_at_the_node_that_has_it(string address)
    {
        StartAll();
        var owner = OwnerOf(address);
        Eventually.True(() => _segment.Found(address) == owner, $"{address} is at {owner.Name}");
        Assert.Single(_segment.Nodes, node => node.List().Addresses.Any(item => item.Address == address && item.Interface == "eth0"));
    }

    [Fact]
    [Conformance("load-balancer", "Announcement")]
    public void One_node_answers_an_ARP_request_and_no_other()
    {
        StartAll();
        var owner = OwnerOf(V4);
        var output = _segment.Client.Exec("arping", "-c", "2", "-I", "eth0", V4);
        Assert.Contains(owner.Mac, output, StringComparison.OrdinalIgnoreCase);
        Assert.All(_segment.Nodes.Where(node => node != owner), node => Assert.DoesNotContain(node.Mac, output, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    [Conformance("load-balancer", "Announcement")]
    public void One_node_answers_a_Neighbor_Solicitation_and_no_other()
    {
        StartAll();
        var owner = OwnerOf(V6);
        var (exitCode, output, error) = Tool.Try("ip", ["netns", "exec", _segment.Client.Name, "ndisc6", "-m", V6, "eth0"]);
        Assert.True(exitCode == 0, $"{output}{error}; {string.Join(", ", _segment.Nodes.Select(static node => $"{node.Name} answered {node.Metric("kn_lb_answers_total")}"))}");
        Assert.Contains(owner.Mac, output, StringComparison.OrdinalIgnoreCase);
        Assert.All(_segment.Nodes.Where(node => node != owner), node => Assert.DoesNotContain(node.Mac, output, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    [Conformance("load-balancer", "Announcement")]
    public void Duplicate_address_detection_of_another_host_finds_the_address_taken()
    {
        StartAll();
        _segment.Client.Ip("addr", "add", $"{V6}/64", "dev", "eth0");
        Eventually.True(() => _segment.Client.Ip("addr", "show", "dev", "eth0").Contains("dadfailed", StringComparison.Ordinal), "the client's DAD fails");
        Assert.ThrowsAny<Exception>(() => _segment.Client.Exec("arping", "-D", "-c", "2", "-I", "eth0", V4));
    }

    [Theory]
    [InlineData(V4)]
    [InlineData(V6)]
    [Conformance("load-balancer", "Fail-over")]
    public async Task A_node_that_dies_loses_the_address_and_neighbours_learn_of_it_unasked(string address)
    {
        StartAll();
        var owner = OwnerOf(address);
        Eventually.True(() => _segment.Found(address) == owner, $"{address} is at {owner.Name}");
        await owner.DieAsync();
        Eventually.True(() => _segment.Known(address) is { } now && now != owner, $"{address} has moved");
    }

    [Fact]
    [Conformance("load-balancer", "Fail-over")]
    public async Task A_node_that_comes_back_gets_its_address_back()
    {
        StartAll();
        var owner = OwnerOf(V4);
        await owner.DieAsync();
        Eventually.True(() => _segment.Found(V4) is { } now && now != owner, "the address has moved");
        _segment.Plug(owner.Number);
        owner.Start(Segment.Options);
        Eventually.True(() => _segment.Known(V4) == owner, "the address is back");
    }

    [Fact]
    [Conformance("load-balancer", "Restart")]
    public async Task A_node_whose_agent_restarts_keeps_its_address()
    {
        StartAll();
        var owner = OwnerOf(V4);
        Eventually.True(() => _segment.Found(V4) == owner, "the address is there");
        await owner.StopAsync();
        // Longer than a dead node's silence.
        await Task.Delay(Segment.Options.Heartbeat.DeadAfter * 2);
        Assert.All(_segment.Nodes.Where(node => node != owner), node => Assert.Equal(0, node.Metric("kn_lb_takeovers_total") - TakenBefore(node)));
        owner.Start(Segment.Options);
        Assert.Equal(owner, _segment.Found(V4));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Conformance("load-balancer", "Graceful shutdown")]
    public async Task A_node_that_leaves_has_handed_its_address_over_before_it_stops(bool byVerb)
    {
        StartAll();
        var owner = OwnerOf(V4);
        Eventually.True(() => _segment.Found(V4) == owner, "the address is there");
        owner.IsNodeGoing = true;
        var stopping = byVerb ? owner.AskAsync(LbVerb.Leave) : owner.StopAsync();
        Eventually.True(() => _segment.Known(V4) is { } now && now != owner, "the address has moved");
        await stopping;
    }

    [Fact]
    [Conformance("load-balancer", "Conflicts")]
    public async Task Another_machine_with_the_address_is_an_Event_and_a_metric()
    {
        StartAll();
        var owner = OwnerOf(V4);
        await Task.Delay(TimeSpan.FromSeconds(3.2));
        _segment.Client.Ip("addr", "add", $"{V4}/32", "dev", "eth0");
        _segment.Client.Exec("arping", "-U", "-c", "1", "-I", "eth0", V4);
        Eventually.True(() => owner.Metric("kn_lb_conflicts_total") > 0, "it is counted");
        Eventually.True(() => owner.Events.Any(static item => item.StartsWith("AddressConflict default/web", StringComparison.Ordinal)), "it is told");
    }

    [Fact]
    [Conformance("load-balancer", "Release")]
    public void An_address_that_no_Service_has_any_more_is_not_answered_for()
    {
        StartAll();
        Eventually.True(() => _segment.Found(V4) is not null, "it is there");
        _segment.Cache.Replace(ResourceKinds.Services, [Segment.Service("web", "192.0.2.51")]);
        Eventually.True(() => _segment.Found("192.0.2.51") is not null, "the new one is there");
        _segment.Client.Ip("neigh", "flush", "dev", "eth0");
        Eventually.True(() => _segment.Nodes.All(static node => node.List().Addresses.All(static item => item.Address != V4)), "it is forgotten");
        Assert.NotEqual(0, Tool.Try("ip", ["netns", "exec", _segment.Client.Name, "arping", "-c", "1", "-w", "1", "-I", "eth0", V4]).ExitCode);
    }

    private static double TakenBefore(LbNode node) => node.List().Addresses.Count(item => item.Node == node.Name);

    private void StartAll()
    {
        foreach (var node in _segment.Nodes)
        {
            node.Start(Segment.Options);
        }

        // Until they have heard of one another, some may answer for what is another's in the end.
        Eventually.True(() => _segment.Nodes.All(static node => node.Metric("kn_lb_peers_alive") == 2 && node.Metric("kn_lb_heartbeats_received_total") > 4), "the nodes hear of one another");
        Eventually.True(() => _segment.Nodes.All(Settled), "the addresses are where they belong");
    }

    private static bool Settled(LbNode node) => node.List().Addresses.All(item => item.Node == node.Name == (item.Interface == "eth0"));

    private LbNode OwnerOf(string address) => _segment.Nodes.Single(node => node.Name == node.List().Addresses.Single(item => item.Address == address).Node);
}

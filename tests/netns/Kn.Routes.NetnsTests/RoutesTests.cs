using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Routes.NetnsTests;

/// <summary>Direct routes between nodes against the kernel. Needs root.</summary>
public sealed class RoutesTests : IAsyncLifetime, IDisposable
{
    private readonly ClusterCache _cache = new();
    private readonly RoutedNode _node;

    public RoutesTests()
    {
        _cache.Watch(ResourceKinds.Nodes);
        _node = new RoutedNode("n1", _cache);
        _node.AddUnderlay("192.0.2.1/24", "2001:db8::1/64");
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _node.StopAsync();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void EveryOtherNode_IsRouted_OwnUnassignedAddressesAreUnreachable()
    {
        Start(OnSegment(1), OnSegment(2), OnSegment(3));
        _node.Shows(
            "10.244.3.0/24 via 192.0.2.3 dev up0",
            "10.244.2.0/24 via 192.0.2.2 dev up0",
            "fd00:244:2::/64 via 2001:db8::2 dev up0",
            "unreachable 10.244.1.0/24",
            "unreachable fd00:244:1::/64");
        Assert.Equal("1", _node.Space.Exec("cat", "/proc/sys/net/ipv4/ip_forward").Trim());
        Assert.Equal("1", _node.Space.Exec("cat", "/proc/sys/net/ipv6/conf/all/forwarding").Trim());
        Assert.DoesNotContain("vxlan", _node.Shown, StringComparison.Ordinal);
        Assert.Equal(0u, _node.Context.Encapsulation.Bytes);
    }

    [Fact]
    public void Changes_AreFollowed()
    {
        Start(OnSegment(1), OnSegment(2));
        _node.Shows("10.244.2.0/24 via 192.0.2.2");
        Set(RoutedNode.Node("n2", 2, "192.0.2.77", "2001:db8::77"));
        _node.Shows("10.244.2.0/24 via 192.0.2.77", "fd00:244:2::/64 via 2001:db8::77");
        _node.ShowsNot("via 192.0.2.2 ", "2001:db8::2 ");
        Set(RoutedNode.Node("n2", 9, "192.0.2.77", "2001:db8::77"));
        _node.Shows("10.244.9.0/24 via 192.0.2.77", "fd00:244:9::/64 via 2001:db8::77");
        _node.ShowsNot("10.244.2.0", "fd00:244:2:");
        _cache.Replace(ResourceKinds.Nodes, [OnSegment(1)]);
        _node.ShowsNot("10.244.9.0", "fd00:244:9:");
    }

    [Fact]
    public void PodCidr_ThatComesLate_OrMovesToThisNode_IsFollowed()
    {
        Start(OnSegment(1) with { PodCidrs = [] }, OnSegment(2) with { PodCidrs = [] });
        _node.IsReady();
        Set(OnSegment(2));
        _node.Shows("10.244.2.0/24 via 192.0.2.2", "fd00:244:2::/64 via 2001:db8::2");
        _cache.Replace(ResourceKinds.Nodes, [RoutedNode.Node("n1", 2, "192.0.2.1", "2001:db8::1")]);
        _node.Shows("unreachable 10.244.2.0/24", "unreachable fd00:244:2::/64");
        _node.ShowsNot("via 192.0.2.2", "via 2001:db8::2");
    }

    [Fact]
    public void IPv4Pods_OfANodeWithIPv6Only_HaveAnIPv6NextHop()
    {
        Start(OnSegment(1), RoutedNode.Node("n2", 2, "2001:db8::2"));
        _node.Shows("10.244.2.0/24 via inet6 2001:db8::2 dev up0", "fd00:244:2::/64 via 2001:db8::2 dev up0");
    }

    [Fact]
    public async Task ForeignAndPodRoutes_AreUntouched_StrayOnesOfOursGo()
    {
        _node.Space.Ip("route", "add", "10.244.9.0/24", "via", "192.0.2.9");
        _node.Space.Ip("route", "add", "10.244.1.5/32", "dev", "up0", "proto", "75", "scope", "link");
        _node.Space.Ip("route", "add", "10.244.8.0/24", "via", "192.0.2.8", "proto", "75", "metric", "99");
        Start(OnSegment(1), OnSegment(2));
        _node.Shows("10.244.2.0/24");
        _node.ShowsNot("10.244.8.0/24");
        Assert.Contains("10.244.9.0/24 via 192.0.2.9", _node.Space.Ip("route"), StringComparison.Ordinal);
        Assert.Contains("10.244.1.5 dev up0", _node.Shown, StringComparison.Ordinal);
        await _node.StopAsync();
        await _node.CleanUpAsync();
        await _node.CleanUpAsync();
        var left = _node.Shown;
        Assert.DoesNotContain("10.244.2.0", left, StringComparison.Ordinal);
        Assert.DoesNotContain("unreachable", left, StringComparison.Ordinal);
        Assert.Contains("10.244.1.5", left, StringComparison.Ordinal);
    }

    [Fact]
    public void NodeBehindARouter_InModeDirect_IsAProblem_AndTheOthersAreServed()
    {
        Start(new RoutesOptions { Mode = RoutesMode.Direct }, OnSegment(1), OnSegment(2), RoutedNode.Node("n3", 3, "198.51.100.3"));
        _node.Shows("10.244.2.0/24", "fd00:244:2::/64");
        Eventually.True(() => _node.Problems.Any(static problem => problem.Contains("198.51.100.3", StringComparison.Ordinal)), "the problem is told");
        Assert.DoesNotContain("10.244.3.0", _node.Shown, StringComparison.Ordinal);
        Assert.Equal(1, _node.Metric("kn_routes_unreachable_nodes"));
        Assert.Equal(1, _node.Metric("""kn_routes_installed{family="ipv4",way="direct"}"""));
        Assert.Equal(1, _node.Metric("""kn_routes_installed{family="ipv6",way="direct"}"""));
        Assert.Equal(0, _node.Metric("kn_routes_repaired_total"));
    }

    /// <summary>One node's nonsense does not keep the others from their routes, and the loop is content.</summary>
    [Fact]
    public void PodCidrsThatAreNone_AreProblems_AndTheOthersAreServed()
    {
        Start(
            OnSegment(1),
            OnSegment(2),
            OnSegment(3) with { PodCidrs = [IpPrefix.Parse("192.0.0.0/16"), IpPrefix.Parse("::/0")] },
            OnSegment(4) with { PodCidrs = [IpPrefix.Parse("10.244.2.0/24"), IpPrefix.Parse("fd00:244:2::/48")] },
            RoutedNode.Node("n5", 5, "192.0.2.1"));
        _node.Shows("10.244.2.0/24 via 192.0.2.2", "fd00:244:2::/64 via 2001:db8::2");
        _node.IsReady();
        Eventually.True(() => _node.Problems.Count == 6, "six problems are told: " + string.Join("; ", _node.Problems));
        Assert.DoesNotContain("192.0.0.0", _node.Shown, StringComparison.Ordinal);
        Assert.Equal(0, _node.Metric("kn_reconcile_failures_total"));
    }

    private static Node OnSegment(int number) => RoutedNode.Node($"n{number}", number, $"192.0.2.{number}", $"2001:db8::{number}");

    private void Set(Node node) => _cache.Apply(ResourceKinds.Nodes, ObjectDelta.Set(node));

    private void Start(params Node[] nodes) => Start(new RoutesOptions(), nodes);

    private void Start(RoutesOptions options, params Node[] nodes)
    {
        _cache.Replace(ResourceKinds.Nodes, nodes);
        _node.Start(options);
    }
}

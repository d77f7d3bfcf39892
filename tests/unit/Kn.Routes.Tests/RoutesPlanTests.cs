using Kn.Hosting.Options;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes.Tests;

public sealed class RoutesPlanTests
{
    private static readonly RoutesOptions Options = new();

    private static readonly Underlay Underlay = Underlay.Of(
        [
            new Link { Index = 1, Name = "lo", Flags = LinkFlags.Up | LinkFlags.Loopback },
            new Link { Index = 2, Name = "eth0", Flags = LinkFlags.Up },
            new Link { Index = 3, Name = "eth1", Flags = LinkFlags.Up },
            new Link { Index = 4, Name = "down" },
            new Link { Index = 5, Name = "kn0", Flags = LinkFlags.Up, Group = 75 },
        ],
        [
            Address("127.0.0.1", 8, 1),
            Address("192.0.2.1", 24, 2),
            Address("192.0.2.130", 25, 3),
            Address("2001:db8::1", 64, 2),
            Address("fe80::1", 64, 2),
            Address("198.51.100.1", 24, 4),
            Address("203.0.113.1", 24, 5),
            Address("203.0.114.1", 32, 2),
        ]);

    public sealed record PlanCase(string Name, Node Owner, string PodCidr, string? Gateway, int Link, string? Problem = null)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<PlanCase> Cases() => new()
    {
        new PlanCase("same family, IPv4", Node("n2", ["10.0.2.0/24"], "192.0.2.2", "2001:db8::2"), "10.0.2.0/24", "192.0.2.2", 2),
        new PlanCase("same family, IPv6", Node("n2", ["fd00:2::/64"], "192.0.2.2", "2001:db8::2"), "fd00:2::/64", "2001:db8::2", 2),
        new PlanCase("the most specific subnet gives the link", Node("n2", ["10.0.2.0/24"], "192.0.2.200"), "10.0.2.0/24", "192.0.2.200", 3),
        new PlanCase("the first address that is connected", Node("n2", ["10.0.2.0/24"], "203.0.113.7", "192.0.2.3"), "10.0.2.0/24", "192.0.2.3", 2),
        new PlanCase("own podCIDR", Node("n1", ["10.0.1.0/24"], "192.0.2.1"), "10.0.1.0/24", null, 0),
        new PlanCase("no address of the family", Node("n2", ["fd00:2::/64"], "192.0.2.2"), "fd00:2::/64", null, -1, "no InternalIP of that family"),
        new PlanCase("behind a router", Node("n2", ["10.0.2.0/24"], "198.51.100.9"), "10.0.2.0/24", null, -1, "198.51.100.9 is not on a network"),
        new PlanCase("IPv6 link-local does not count", Node("n2", ["fd00:2::/64"], "fe80::9"), "fd00:2::/64", null, -1, "fe80::9"),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Plan_IsAsTheTableSays(PlanCase row)
    {
        var problems = new Problems();
        var key = RoutesPlan.KeysOf(row.Owner, "n1", Options).Single(key => key.Destination == IpPrefix.Parse(row.PodCidr));
        var route = RoutesPlan.Of(row.Owner, "n1", key, Underlay, problems);
        var expected = row.Problem is not null ? null : new PodCidrRoute(row.Gateway is null ? null : IpAddress.Parse(row.Gateway), row.Link);
        Assert.Equal(expected, route);
        Assert.Equal(row.Problem is null ? 0 : 1, problems.All.Count);
        Assert.All(problems.All, problem => Assert.Contains(row.Problem!, problem.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void OwnAndOtherRoutes_HaveDifferentMetrics()
    {
        Assert.Equal([new RouteKey(IpPrefix.Parse("10.0.1.0/24"), uint.MaxValue)], RoutesPlan.KeysOf(Node("n1", ["10.0.1.0/24"]), "n1", Options));
        Assert.Equal([new RouteKey(IpPrefix.Parse("10.0.2.0/24"), 512)], RoutesPlan.KeysOf(Node("n2", ["10.0.2.0/24"]), "n1", Options));
    }

    [Fact]
    public void PrefixOfTwoNodes_BelongsToTheOlder()
    {
        var young = Node("a", ["10.0.2.0/24"]) with { Metadata = new ObjectMeta { Name = "a", CreationTimestamp = DateTimeOffset.UnixEpoch.AddDays(2) } };
        var old = Node("b", ["10.0.2.0/24"]) with { Metadata = new ObjectMeta { Name = "b", CreationTimestamp = DateTimeOffset.UnixEpoch.AddDays(1) } };
        Assert.Same(old, RoutesPlan.Owners([young, old])[IpPrefix.Parse("10.0.2.0/24")]);
        Assert.Same(old, RoutesPlan.Owners([old, young])[IpPrefix.Parse("10.0.2.0/24")]);
    }

    [Fact]
    public void OurRoutes_AreToldFromPodsAndForeignOnes()
    {
        var route = new PodCidrRoute(IpAddress.Parse("192.0.2.2"), 2).ToRoute(new RouteKey(IpPrefix.Parse("10.0.2.0/24"), 512));
        Assert.True(PodCidrRoute.IsOurs(route));
        Assert.True(PodCidrRoute.IsOurs(PodCidrRoute.Unassigned.ToRoute(new RouteKey(IpPrefix.Parse("10.0.1.0/24"), uint.MaxValue))));
        Assert.False(PodCidrRoute.IsOurs(route with { Protocol = 4 }));
        Assert.False(PodCidrRoute.IsOurs(route with { Gateway = null, Destination = IpPrefix.Parse("10.0.1.5/32") }));
        Assert.False(PodCidrRoute.IsOurs(route with { Table = (RouteTable)100 }));
    }

    [Fact]
    public void Route_ReadsBackAsPlanned()
    {
        foreach (var (route, metric) in ((PodCidrRoute, uint)[])[(new PodCidrRoute(IpAddress.Parse("fd00::2"), 7), 512), (PodCidrRoute.Unassigned, uint.MaxValue)])
        {
            var key = new RouteKey(IpPrefix.Parse("fd00:2::/64"), metric);
            Assert.Equal(KeyValuePair.Create(key, route), PodCidrRoute.Of(route.ToRoute(key).Normalized()));
        }
    }

    [Theory]
    [InlineData(0u, false)]
    [InlineData(1u, true)]
    [InlineData(512u, true)]
    [InlineData(uint.MaxValue, false)]
    public void Metric_IsValidated(uint metric, bool isValid)
    {
        var errors = new OptionErrors();
        new RoutesOptions { Metric = metric }.Validate(errors);
        Assert.Equal(isValid, errors.All.Count == 0);
    }

    private static Node Node(string name, string[] podCidrs, params string[] addresses) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        PodCidrs = podCidrs.Select(static text => IpPrefix.Parse(text)).ToValueList(),
        InternalIps = addresses.Select(static text => IpAddress.Parse(text)).ToValueList(),
    };

    private static LinkAddress Address(string address, byte length, int link) =>
        new() { Address = IpAddress.Parse(address), PrefixLength = length, LinkIndex = link };
}

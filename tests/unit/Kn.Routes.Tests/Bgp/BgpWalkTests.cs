using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.Routes.Bgp.Options;
using Kn.Routes.Bgp.Planning;

namespace Kn.Routes.Tests.Bgp;

/// <summary>Any sequence of changes, planned key by key, ends where planning everything from nothing ends; and costs what it changes.</summary>
public sealed class BgpWalkTests
{
    private static readonly BgpOptions Options = new()
    {
        Peers = [new BgpNeighborOptions { Address = Given.Ip("192.0.2.254"), Asn = 65001, NodeSelector = "rack=7" }],
        Advertise = new BgpAdvertiseOptions { ClusterIps = true, ExternalIps = true, Aggregates = [Given.Prefix("203.0.113.0/29")] },
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ChangeByChange_EqualsFromNothing(int seed)
    {
        var random = new Random(seed);
        var cluster = ClusterSnapshot.Empty;
        var table = Table(cluster);
        var applied = new Dictionary<BgpKey, BgpPiece>();
        for (var step = 0; step < 600; step++)
        {
            var changes = new List<ObjectChange>();
            for (var count = random.Next(1, 4); count > 0; count--)
            {
                changes.Add(Change(random, ref cluster));
            }

            var keys = new HashSet<BgpKey>();
            var folded = changes
                .GroupBy(static change => (change.Object.GetType(), change.Object.Key))
                .Select(static group => new ObjectChange(group[0].Before, group[^1].After))
                .Where(static change => !Equals(change.Before, change.After));
            foreach (var change in folded)
            {
                table.Follow(cluster, change, keys);
            }

            foreach (var key in keys)
            {
                table.Be(cluster);
                applied.Remove(key);
                if (BgpPlan.Of(table, key, new Problems()) is { } piece)
                {
                    applied[key] = piece;
                }
            }

            Assert.Equal(Sorted(BgpGiven.Plan(Table(cluster))), Sorted(applied));
        }
    }

    [Fact]
    public void OneService_CostsItsOwnPrefixes_AmongTenThousand()
    {
        Service Numbered(int number) => BgpGiven.Service($"s{number}") with { LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.FromV4(0xCB00_0000u + (uint)number), false)], ClusterIps = default, ExternalIps = default };
        var cluster = ClusterSnapshot.Of([Given.Self, .. Enumerable.Range(1, 10_000).Select(Numbered)]);
        var table = Table(cluster);
        var after = Numbered(500) with { LoadBalancerIngress = [] };
        cluster = cluster.With(after);
        var keys = new HashSet<BgpKey>();
        table.Follow(cluster, new ObjectChange(Numbered(500), after), keys);
        Assert.Equal([BgpKey.Route(IpPrefix.Of(IpAddress.FromV4(0xCB00_01F4u)))], keys);
    }

    [Fact]
    public void Heartbeat_OfANode_CostsNothing()
    {
        var cluster = ClusterSnapshot.Of(Given.Self, BgpGiven.Numbered(2));
        var table = Table(cluster);
        var keys = new HashSet<BgpKey>();
        table.Follow(cluster, new ObjectChange(BgpGiven.Numbered(2), BgpGiven.Numbered(2) with { Ready = true }), keys);
        Assert.Empty(keys);
    }

    private static BgpTable Table(ClusterSnapshot cluster)
    {
        var table = new BgpTable("n1", Options, isPodRouting: true) { Environment = BgpEnvironment.None with { Underlay = Given.OneSegment } };
        table.Be(cluster);
        return table;
    }

    private static List<string> Sorted(Dictionary<BgpKey, BgpPiece> pieces) => [.. pieces.Select(static pair => $"{pair.Key} {pair.Value}").Order(StringComparer.Ordinal)];

    private static ObjectChange Change(Random random, ref ClusterSnapshot cluster)
    {
        KubernetesObject after = random.Next(3) switch { 0 => Node(random), 1 => Service(random), _ => Slice(random) };
        var before = ResourceKinds.Of(after).Find(cluster, after.Key);
        if (before is not null && random.Next(4) == 0)
        {
            cluster = cluster.Without(before);
            return new ObjectChange(before, null);
        }

        cluster = cluster.With(after);
        return new ObjectChange(before, after);
    }

    private static Node Node(Random random)
    {
        var number = random.Next(1, 6);
        var node = BgpGiven.Numbered(random.Next(10) == 0 ? random.Next(1, 6) : number);
        node = node with { Metadata = node.Metadata with { Name = $"n{number}" }, Unschedulable = random.Next(5) == 0, TaintKeys = random.Next(8) == 0 ? ["kn.internal/leaving"] : default };
        return random.Next(6) switch
        {
            0 => node.Labelled(("kn.internal/route-reflector", "")),
            1 => node.Labelled(("rack", "7")),
            2 => node.Annotated(("kube-router.io/rr.server", "1")),
            3 => node.Annotated(("kube-router.io/rr.client", "1"), ("kube-router.io/peer.ips", "192.0.2.200"), ("kube-router.io/peer.asns", "65009")),
            4 => node.Annotated(("kube-router.io/node.asn", "65000")),
            _ => node,
        };
    }

    private static Service Service(Random random)
    {
        var service = BgpGiven.Service($"s{random.Next(4)}") with
        {
            ExternalTrafficPolicyLocal = random.Next(2) == 0,
            InternalTrafficPolicyLocal = random.Next(3) == 0,
            LoadBalancerIngress = [new LoadBalancerIngress(Given.Ip($"203.0.113.{random.Next(1, 12)}"), random.Next(6) == 0)],
        };
        return random.Next(4) == 0 ? service.Annotated(("kube-router.io/service.advertise.clusterip", random.Next(2) == 0 ? "true" : "false")) : service;
    }

    private static EndpointSlice Slice(Random random) =>
        BgpGiven.Slice($"n{random.Next(1, 3)}", random.Next(3) != 0, service: $"s{random.Next(4)}", family: random.Next(2) == 0 ? IpFamily.V4 : IpFamily.V6);
}

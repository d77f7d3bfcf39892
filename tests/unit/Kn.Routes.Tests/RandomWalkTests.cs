using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Routes.Peers;
using Kn.Routes.Pieces;

namespace Kn.Routes.Tests;

/// <summary>Any sequence of changes, planned key by key, ends where planning everything from nothing ends; and costs what it changes.</summary>
public sealed class RandomWalkTests
{
    private static readonly string[] Addresses =
        ["192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1", "198.51.100.2", "2001:db8::2", "2001:db8:9::2", "10.0.2.7", "fe80::1"];

    private static readonly string[] PodCidrs =
        ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.0.0/16", "10.0.2.128/25", "fd00:1::/64", "fd00:2::/64", "fd00::/16", "192.0.2.0/24", "0.0.0.0/0"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void ChangeByChange_EqualsFromNothing(int seed)
    {
        var random = new Random(seed);
        foreach (var mode in Enum.GetValues<RoutesMode>())
        {
            var options = new RoutesOptions { Mode = mode };
            var peers = new PeerTable("n1", options);
            var cluster = ClusterSnapshot.Empty;
            peers.Be(cluster.Nodes, Given.OneSegment);
            var applied = new Dictionary<RoutesKey, RoutesPiece>();
            for (var step = 0; step < 400; step++)
            {
                var batch = Enumerable.Range(0, random.Next(1, 4)).Select(_ => RandomChange(random, ref cluster)).ToList();
                Follow(peers, cluster, Folded(batch), applied);
                var fresh = new PeerTable("n1", options);
                fresh.Be(cluster.Nodes, Given.OneSegment);
                Assert.Equal(Everything.Plan(fresh, new Problems()).OrderBy(Text).ToList(), applied.OrderBy(Text).ToList());
                Assert.Equal(fresh.Unreachable, peers.Unreachable);
            }
        }
    }

    [Fact]
    public void OneNode_CostsAHandfulOfKeys_AmongAThousand()
    {
        Node Numbered(int number) => Given.Node($"n{number}", [$"10.{number >> 8}.{number & 255}.0/24", $"fd00:{number:x}::/64"], $"198.51.{100 + (number >> 8)}.{number & 255}", $"2001:db8:9::{number:x}");
        var cluster = ClusterSnapshot.Of([Given.Self, .. Enumerable.Range(2, 1000).Select(Numbered)]);
        var peers = new PeerTable("n1", new RoutesOptions());
        peers.Be(cluster.Nodes, Given.OneSegment);
        var before = Numbered(500);
        var after = before with { PodCidrs = [Given.Prefix("10.99.0.0/24"), before.PodCidrs[1]] };
        cluster = cluster.With(after);
        var keys = new HashSet<RoutesKey>();
        peers.Follow(cluster.Nodes, before, after, keys);
        Assert.InRange(keys.Count, 1, 16);
    }

    private static string Text(KeyValuePair<RoutesKey, RoutesPiece> entry) => $"{entry.Key} {entry.Key.Metric}";

    private static void Follow(PeerTable peers, ClusterSnapshot cluster, IEnumerable<ObjectChange> changes, Dictionary<RoutesKey, RoutesPiece> applied)
    {
        var keys = new HashSet<RoutesKey>();
        foreach (var change in changes)
        {
            peers.Follow(cluster.Nodes, change.Before as Node, change.After as Node, keys);
        }

        foreach (var key in keys)
        {
            applied.Remove(key);
            if (RoutesPlan.Of(peers, key, new Problems()) is { } piece)
            {
                applied[key] = piece;
            }
        }
    }

    // As the cache's queue hands them over: one change an object.
    private static IEnumerable<ObjectChange> Folded(List<ObjectChange> batch) => batch
        .GroupBy(static change => change.Object.Key)
        .Select(static group => new ObjectChange(group[0].Before, group[^1].After))
        .Where(static change => !Equals(change.Before, change.After));

    private static ObjectChange RandomChange(Random random, ref ClusterSnapshot cluster)
    {
        var name = $"n{random.Next(1, 7)}";
        var before = cluster.Nodes.Find(name);
        if (before is not null && random.Next(4) == 0)
        {
            cluster = cluster.Without(before);
            return new ObjectChange(before, null);
        }

        var after = Given.Node(name, Some(random, PodCidrs), Some(random, Addresses)).Aged(before is null ? random.Next(4) : AgeOf(before));
        cluster = cluster.With(after);
        return new ObjectChange(before, after);
    }

    private static int AgeOf(Node node) => (int)(node.Metadata.CreationTimestamp!.Value - DateTimeOffset.UnixEpoch).TotalDays;

    private static string[] Some(Random random, string[] all) => [.. Enumerable.Range(0, random.Next(3)).Select(_ => all[random.Next(all.Length)]).Distinct()];
}

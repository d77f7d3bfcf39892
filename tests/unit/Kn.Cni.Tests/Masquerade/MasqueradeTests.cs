using Kn.Cni.Masquerade;
using Kn.Cni.Table;
using Kn.Hosting.Options;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Tests.Masquerade;

public sealed class MasqueradeTests
{
    private static readonly NodeOptions This = new() { Name = "n1", Cluster = new ClusterOptions { PodCidrs = [IpPrefix.Parse("10.244.0.0/16")] } };

    private static readonly ClusterSnapshot Cluster = ClusterSnapshot.Of(
        Node("n1", ["10.244.1.0/24", "fd00:1::/64"], "192.0.2.1", "2001:db8::1"),
        Node("n2", ["10.244.2.0/24", "fd00:2::/64", "10.99.0.0/24"], "192.0.2.2"));

    [Fact]
    public void Sets_HoldEveryPodAndNode_WithoutOverlaps()
    {
        var sets = MasqueradePlan.Of(Cluster, This, new CniOptions { NonMasqueradeCidrs = [IpPrefix.Parse("172.16.0.0/12")] });
        Assert.Equal(["10.244.1.0/24", "fd00:1::/64"], Text(sets.Local));
        Assert.Equal(
            ["10.99.0.0/24", "10.244.0.0/16", "172.16.0.0/12", "192.0.2.1/32", "192.0.2.2/32", "224.0.0.0/4", "2001:db8::1/128", "fd00:1::/64", "fd00:2::/64", "fe80::/10", "ff00::/8"],
            Text(sets.Inside));
        Assert.Equal(["fd00:1::/64"], Text(sets.Of(IpFamily.V6).Local));
    }

    [Fact]
    public void PodCidrThatIsNone_DoesNotSwitchMasqueradingOff()
    {
        var sets = MasqueradePlan.Of(Cluster.With(Node("bad", ["0.0.0.0/0", "::/0"], "192.0.2.9")), This, new CniOptions());
        Assert.DoesNotContain(sets.Inside, static prefix => prefix.Length == 0);
        Assert.Contains(IpPrefix.Parse("192.0.2.9/32"), sets.Inside);
    }

    [Fact]
    public void NothingIsMasqueraded_WhenSwitchedOff_OrWithoutPodCidr()
    {
        Assert.Equal(MasqueradeSets.Nothing, MasqueradePlan.Of(Cluster, This, new CniOptions { Masquerade = false }));
        Assert.Equal(MasqueradeSets.Nothing, MasqueradePlan.Of(ClusterSnapshot.Of(Node("n1", [])), This, new CniOptions()));
        Assert.Equal(MasqueradeSets.Nothing, MasqueradePlan.Of(ClusterSnapshot.Empty, This, new CniOptions()));
    }

    [Theory]
    [InlineData("10.0.0.0/8 10.1.0.0/16 10.1.2.0/24 11.0.0.0/8", "10.0.0.0/8 11.0.0.0/8")]
    [InlineData("10.1.2.0/24 10.0.0.0/8 10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("10.0.0.0/24 10.0.1.0/24", "10.0.0.0/24 10.0.1.0/24")]
    [InlineData("0.0.0.0/0 ::/0 fd00::/8", "0.0.0.0/0 ::/0")]
    public void Disjoint_KeepsTheWidest(string prefixes, string expected) =>
        Assert.Equal(expected.Split(' '), Text(MasqueradePlan.Disjoint(prefixes.Split(' ').Select(static text => IpPrefix.Parse(text)))));

    [Fact]
    public void ChangedNode_CostsElementsOnly()
    {
        var before = Table(Cluster);
        var after = Table(Cluster.With(Node("n3", ["10.98.0.0/24"], "192.0.2.3")));
        var batch = CniTable.Batch(before, after);
        var added = Assert.IsType<ElementsOperation>(Assert.Single(batch.Operations));
        Assert.Equal(2, added.Elements.Count);
        Assert.True(CniTable.Batch(after, after).IsEmpty);
    }

    [Fact]
    public void ForeignChangeOfRules_RebuildsTheTable()
    {
        var planned = Table(Cluster);
        var spoiled = planned with { Chains = [planned.Chains[0] with { Rules = default }] };
        Assert.Contains(CniTable.Batch(spoiled, planned).Operations, static operation => operation is TableOperation { Verb: NftVerb.Delete });
    }

    private static NftTable Table(ClusterSnapshot cluster) => CniTableRules.Table(MasqueradePlan.Of(cluster, This, new CniOptions()), []).AsDeclared();

    private static Node Node(string name, string[] podCidrs, params string[] addresses) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        PodCidrs = podCidrs.Select(static text => IpPrefix.Parse(text)).ToValueList(),
        InternalIps = addresses.Select(static text => IpAddress.Parse(text)).ToValueList(),
    };

    private static IEnumerable<string> Text(ValueList<IpPrefix> prefixes) => prefixes.Select(static prefix => prefix.ToString());
}

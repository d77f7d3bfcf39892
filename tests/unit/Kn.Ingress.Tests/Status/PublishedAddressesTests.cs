using Kn.Ingress.Status;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Status;

public sealed class PublishedAddressesTests
{
    [Fact]
    public void Nodes_ThatAreReady_ByTheirOuterAddresses()
    {
        var cluster = ClusterSnapshot.Of(
            Node("b", true, "192.0.2.2"),
            Node("a", true, "10.0.0.1") with { ExternalIps = [IpAddress.Parse("192.0.2.1")] },
            Node("c", false, "192.0.2.3"),
            Node("d", true, "192.0.2.4") with { Metadata = new ObjectMeta { Name = "d", Labels = ValueMap.Of(("node.kubernetes.io/exclude-from-external-load-balancers", "")) } });
        Assert.Equal(["192.0.2.1", "192.0.2.2"], Texts(cluster, new PublishOptions()));
    }

    [Fact]
    public void Service_ByItsBalancersAddresses()
    {
        var service = Build.Service("front") with { LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.7"), false)] };
        Assert.Equal(["203.0.113.7"], Texts(ClusterSnapshot.Of(Node("a", true, "192.0.2.1"), service), new PublishOptions { Service = "ns/front" }));
        Assert.Empty(Texts(ClusterSnapshot.Of(Node("a", true, "192.0.2.1")), new PublishOptions { Service = "ns/front" }));
    }

    [Fact]
    public void Config_HasTheLastWord() =>
        Assert.Equal(["198.51.100.1", "lb.example.org"], Texts(ClusterSnapshot.Of(Node("a", true, "192.0.2.1")), new PublishOptions { Service = "ns/front", Addresses = ["198.51.100.1", "lb.example.org"] }));

    [Fact]
    public void NodeThatChangesOtherwise_ConcernsNobody()
    {
        var node = Node("a", true, "192.0.2.1");
        Assert.False(PublishedAddresses.DependsOn(new ObjectChange(node, node with { Unschedulable = true }), new PublishOptions()));
        Assert.True(PublishedAddresses.DependsOn(new ObjectChange(node, node with { Ready = false }), new PublishOptions()));
        Assert.False(PublishedAddresses.DependsOn(new ObjectChange(node, node with { Ready = false }), new PublishOptions { Service = "ns/front" }));
    }

    private static IEnumerable<string> Texts(ClusterSnapshot cluster, PublishOptions options) =>
        PublishedAddresses.Of(cluster, options).Select(static entry => entry.Hostname ?? entry.Ip.ToString()!);

    private static Node Node(string name, bool ready, string address) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        Ready = ready,
        InternalIps = [IpAddress.Parse(address)],
    };
}

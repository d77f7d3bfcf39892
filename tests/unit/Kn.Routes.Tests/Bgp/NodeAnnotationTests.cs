using Kn.Routes.Bgp.Planning;

namespace Kn.Routes.Tests.Bgp;

/// <summary>kube-router's annotations of Nodes, and Kn's of the same names.</summary>
public sealed class NodeAnnotationTests
{
    private static NodeAnnotations Read(params (string, string)[] annotations) => NodeAnnotationReader.Read(Given.Self.Annotated(annotations));

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void EveryAnnotationOfANode_IsRead()
    {
        var read = Read(
            ("kube-router.io/node.asn", "64600"), ("kube-router.io/peer.ips", "192.0.2.9, 2001:db8::9"), ("kube-router.io/peer.asns", "65001,4200000001"),
            ("kube-router.io/peer.ports", ",1790"), ("kube-router.io/peer.passwords", "c2VjcmV0,"), ("kube-router.io/peer.localips", "192.0.2.1,"),
            ("kube-router.io/rr.server", "42"), ("kube-router.io/rr.client", "0.0.0.42"), ("kube-router.io/path-prepend.as", "64601"), ("kube-router.io/path-prepend.repeat-n", "5"),
            ("kube-router.io/node.bgp.communities", "65000:1,no-export,64512:1:2"), ("kube-router.io/node.bgp.customimportreject", "10.0.0.0/8,fd00::/8"),
            ("kube-router.io/bgp-local-addresses", "192.0.2.1"), ("kube-router.io/pod-cidr", "10.0.1.0/24"));
        Assert.Empty(read.Faults);
        Assert.Equal(64600u, read.Asn);
        Assert.Equal(
            [
                new AnnotatedPeer(Given.Ip("192.0.2.9"), 65001) { Password = "secret", LocalAddress = Given.Ip("192.0.2.1") },
                new AnnotatedPeer(Given.Ip("2001:db8::9"), 4200000001) { Port = 1790 },
            ],
            read.Peers);
        Assert.Equal((42u, true, 64601u, (byte)5), (read.ReflectorCluster, read.IsReflectorClient, read.PrependAs, read.PrependTimes));
        Assert.Equal(["65000:1", "no-export", "64512:1:2"], read.Communities);
        Assert.Equal([Given.Prefix("10.0.0.0/8"), Given.Prefix("fd00::/8")], read.ImportRejects);
        Assert.Equal([Given.Ip("192.0.2.1")], read.ListenAddresses);
    }

    [Fact]
    public void Peers_AsAList_AreRead()
    {
        var read = Read(("kube-router.io/peers", """
            # the two of the rack
            - remoteip: 192.0.2.9
              remoteasn: 65001
              password: "c2VjcmV0"
            - remoteip: '2001:db8::9'
              remoteasn: 65002
              remoteport: 1790
              localip: 2001:db8::1
            """));
        Assert.Empty(read.Faults);
        Assert.Equal(
            [
                new AnnotatedPeer(Given.Ip("192.0.2.9"), 65001) { Password = "secret" },
                new AnnotatedPeer(Given.Ip("2001:db8::9"), 65002) { Port = 1790, LocalAddress = Given.Ip("2001:db8::1") },
            ],
            read.Peers);
    }

    [Fact]
    public void OwnName_GoesBeforeKubeRouters() =>
        Assert.Equal(2u, Read(("kube-router.io/node.asn", "1"), ("kn.internal/node.asn", "2")).Asn);

    [Conformance("bgp", "Nodes and routers")]
    [Theory]
    [InlineData("node.asn", "0", "is not an AS")]
    [InlineData("node.asn", "AS1", "is not an AS")]
    [InlineData("rr.server", "a", "is not a cluster")]
    [InlineData("path-prepend.repeat-n", "17", "from 0 to 16")]
    [InlineData("node.bgp.communities", "1:99999", "'1:99999' is not a community")]
    [InlineData("node.bgp.customimportreject", "10/8", "is not a prefix")]
    [InlineData("bgp-local-addresses", "eth0", "is not an address")]
    [InlineData("pod-cidr", "10.9.0.0/24", "none of the Node's spec.podCIDRs")]
    [InlineData("peers", "- remoteip: router\n  remoteasn: 1", "entry 1: 'router' is not a router's address")]
    [InlineData("peer.ips", "192.0.2.9", "peer.asns: has 0 entries where peer.ips has 1")]
    public void AnnotationThatCannotBeRead_IsTold_AndNamed(string name, string value, string fault)
    {
        var read = Read(("kn.internal/" + name, value));
        Assert.Contains(fault, Assert.Single(read.Faults), StringComparison.Ordinal);
        Assert.Empty(read.Peers);
    }

    [Theory]
    [InlineData("65001,65002", "", "c2VjcmV0", "peer.passwords: has 1 entries where peer.ips has 2")]
    [InlineData("65001", "", "", "peer.asns: has 1 entries where peer.ips has 2")]
    public void ColumnsOfAnotherLength_LeaveAllPeersOut(string asns, string ports, string passwords, string fault)
    {
        var read = Read(("kube-router.io/peer.ips", "192.0.2.8,192.0.2.9"), ("kube-router.io/peer.asns", asns), ("kube-router.io/peer.ports", ports), ("kube-router.io/peer.passwords", passwords));
        Assert.Empty(read.Peers);
        Assert.Contains(fault, Assert.Single(read.Faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("65001,0", ",", ",", "entry 2: '0' is not an AS")]
    [InlineData("65001,65002", ",99999", ",", "entry 2: '99999' is not a port")]
    [InlineData("65001,65002", ",", ",!!", "entry 2: the password is not base64")]
    public void OneBadPeer_LeavesTheOthersIn(string asns, string ports, string passwords, string fault)
    {
        var read = Read(("kube-router.io/peer.ips", "192.0.2.8,192.0.2.9"), ("kube-router.io/peer.asns", asns), ("kube-router.io/peer.ports", ports), ("kube-router.io/peer.passwords", passwords));
        Assert.Equal(Given.Ip("192.0.2.8"), Assert.Single(read.Peers).Address);
        Assert.Contains(fault, Assert.Single(read.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Password_IsNeverPrinted() =>
        Assert.DoesNotContain("secret", new AnnotatedPeer(Given.Ip("192.0.2.9"), 1) { Password = "secret" }.ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("", true)]
    [InlineData("rack=7", true)]
    [InlineData("rack=8", false)]
    [InlineData("rack!=8,gpu", true)]
    [InlineData("!gpu", false)]
    [InlineData("!edge, rack == 7", true)]
    public void Selector_SelectsByLabels(string text, bool expected)
    {
        Assert.True(NodeSelector.TryParse(text, out var selector));
        Assert.Equal(expected, selector.Selects(Given.Self.Labelled(("rack", "7"), ("gpu", "")).Metadata.Labels));
    }

    [Theory]
    [InlineData("=7")]
    [InlineData("rack=7=8")]
    [InlineData("a b")]
    public void Selector_ThatIsNone_IsRefused(string text) => Assert.False(NodeSelector.TryParse(text, out _));
}

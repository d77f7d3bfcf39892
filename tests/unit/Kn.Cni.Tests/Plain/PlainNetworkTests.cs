using System.Text;
using Kn.Cni.Plain;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Tests.Plain;

public sealed class PlainNetworkTests
{
    private const string Subnet = """ "ipam":{"type":"host-local","subnet":"10.10.0.0/16"} """;

    [Fact]
    public void TheShortestConfiguration_IsAWorkingRoutedNetwork()
    {
        var network = Read(Subnet);
        Assert.Equal(AttachmentMode.Routed, network.Attachment);
        Assert.True(network is { IsDefaultGateway: true, Masquerade: true });
        Assert.Equal("/var/lib/cni/networks", network.Ipam.DataDirectory);
        Assert.Equal([IpPrefix.Parse("0.0.0.0/0")], network.RoutesOf(IpFamily.V4).Select(static route => route.Destination));
    }

    [Theory]
    [InlineData(""" "attachment":"bridge", """, "kp-mynet", true, true, true, true)]
    [InlineData(""" "hairpinMode":false, """, "kp-mynet", true, true, true, false)]
    [InlineData(""" "bridge":"cni0", """, "cni0", false, false, false, false)]
    [InlineData(""" "bridge":"cni0","isGateway":true,"ipMasq":true,"promiscMode":true, """, "cni0", true, false, true, true)]
    [InlineData(""" "bridge":"kube-bridge","isDefaultGateway":true,"hairpinMode":true, """, "kube-bridge", true, true, false, true)]
    [InlineData(""" "attachment":"bridge","ipMasq":false,"isDefaultGateway":false,"isGateway":false, """, "kp-mynet", false, false, false, true)]
    public void ABridge_HasItsKeysOrDefaults(string keys, string bridge, bool isGateway, bool isDefaultGateway, bool masquerade, bool hairpin)
    {
        var network = Read(keys + Subnet);
        Assert.Equal(AttachmentMode.Bridge, network.Attachment);
        Assert.Equal((bridge, isGateway, isDefaultGateway, masquerade, hairpin), (network.Bridge, network.IsGateway, network.IsDefaultGateway, network.Masquerade, network.Hairpin));
    }

    [Fact]
    public void StatedRoutes_TakeThePlaceOfTheDefaultRoute()
    {
        var network = Read(""" "ipam":{"type":"host-local","subnet":"10.10.0.0/16","routes":[{"dst":"192.0.2.0/24","gw":"10.10.0.1"}]} """);
        Assert.Equal([IpPrefix.Parse("192.0.2.0/24")], network.RoutesOf(IpFamily.V4).Select(static route => route.Destination));
        Assert.Empty(network.RoutesOf(IpFamily.V6));
    }

    [Fact]
    public void RangesOfTheRuntime_ComeFirst()
    {
        var network = Read(""" "runtimeConfig":{"ipRanges":[[{"subnet":"10.12.0.0/16"}]]}, """ + Subnet.Replace("}", ""","ranges":[[{"subnet":"fd00::/64"}]]}""", StringComparison.Ordinal));
        Assert.Equal(["10.12.0.1-10.12.255.254", "10.10.0.1-10.10.255.254", "fd00::1-fd00::ffff:ffff:ffff:ffff"], network.Ipam.RangeSets.Select(static set => set.ToString()));
    }

    public static TheoryData<string, int, string> Faults() => new()
    {
        { """ "ipam":{"type":"host-local"} """, 7, "ipam.subnet" },
        { """ "ipam":{"type":"host-local","ranges":[]} """, 7, "ipam.subnet" },
        { """ "ipam":{"type":"host-local","ranges":[[]]} """, 7, "ipam.ranges[0]" },
        { """ "ipam":{"type":"host-local","subnet":"10.10.0.0"} """, 7, "ipam.subnet" },
        { """ "ipam":{"type":"host-local","subnet":"10.10.0.0/31"} """, 7, "too small" },
        { """ "ipam":{"type":"host-local","subnet":"10.10.0.0/24","rangeStart":"10.11.0.1"} """, 7, "ipam.rangeStart" },
        { """ "ipam":{"type":"host-local","subnet":"10.10.0.0/24","gateway":"x"} """, 7, "ipam.gateway" },
        { """ "ipam":{"type":"host-local","ranges":[[{"subnet":"10.10.0.0/24"}],[{"subnet":"10.10.0.0/25"}]]} """, 7, "overlap" },
        { """ "ipam":{"type":"host-local","subnet":"10.10.0.0/24","dataDir":"x"} """, 7, "ipam.dataDir" },
        { """ "ipam":{"type":"host-local","subnet":"10.10.0.0/24","routes":[{"dst":"x"}]} """, 7, "ipam.routes[0].dst" },
        { """ "ipam":{"type":"static"} """, 2, "'static'" },
        { """ "ipam":{"type":7} """, 7, "ipam.type" },
        { """ "attachment":"ipvlan", """ + Subnet, 7, "attachment" },
        { """ "attachment":"routed","bridge":"cni0", """ + Subnet, 7, "bridge" },
        { """ "bridge":"a/b", """ + Subnet, 7, "bridge" },
        { """ "bridge":"a-name-too-long-for-a-link", """ + Subnet, 7, "bridge" },
        { """ "isGateway":"yes", """ + Subnet, 7, "isGateway" },
        { """ "vlan":7, """ + Subnet, 2, "vlan" },
        { """ "macspoofchk":true, """ + Subnet, 2, "macspoofchk" },
        { """ "portIsolation":true, """ + Subnet, 2, "portIsolation" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Fault_IsNamed(string keys, int code, string mentions)
    {
        var error = Assert.Throws<CniException>(() => Read(keys));
        Assert.Equal(code, (int)error.Code);
        Assert.Contains(mentions, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void KeysThatAreOff_AreNoFault() => Read(""" "vlan":0,"macspoofchk":false,"vlanTrunk":[],"forceAddress":false, """ + Subnet);

    [Theory]
    [InlineData(CniCommand.Del)]
    [InlineData(CniCommand.Gc)]
    public void RemovalNeedsOnlyThePlace(CniCommand command)
    {
        var network = Read(""" "attachment":"odd","cni.dev/valid-attachments":[],"ipam":{"type":"host-local","subnet":"x","dataDir":"/d"} """, command);
        Assert.Equal("/d", network.Ipam.DataDirectory);
    }

    [Theory]
    [InlineData(""" {"name":"mynet", """)]
    [InlineData(""" {"cniVersion":"","name":"mynet", """)]
    [InlineData(""" {"cniVersion":null,"name":"mynet", """)]
    public void WithoutAVersion_ItIsTheOldest(string start) =>
        Assert.Equal(CniVersion.V010, NetworkConfig.Read(Encoding.UTF8.GetBytes(start + Subnet + "}"), CniCommand.Add).Version);

    [Fact]
    public void AnOldVersion_HasNoTwoAddressesOfAFamily()
    {
        const string two = """ "ipam":{"type":"host-local","ranges":[[{"subnet":"10.10.0.0/16"}],[{"subnet":"10.11.0.0/16"}]]} """;
        Assert.Equal(2, Read(two).Ipam.RangeSets.Count);
        Assert.Contains("0.2.0", Assert.Throws<CniException>(() => Read(two, version: "0.2.0")).Message, StringComparison.Ordinal);
    }

    private static PlainNetwork Read(string keys, CniCommand command = CniCommand.Add, string version = "1.1.0") =>
        NetworkConfig.Read(Encoding.UTF8.GetBytes($$"""{"cniVersion":"{{version}}","name":"mynet",{{keys}}}"""), command).Plain!;
}

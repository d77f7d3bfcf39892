using Kn.Cni.Attaching;
using Kn.Cni.Protocol;
using Kn.Hosting.Options;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Tests.Attaching;

public sealed class PlanTests
{
    [Fact]
    public void LinkNames_AreShort_StableAndDistinct()
    {
        var names = Enumerable.Range(0, 2000).Select(static number => PodLinkNames.HostLink(new AttachmentKey($"c{number}", "eth0"))).ToHashSet();
        Assert.Equal(2000, names.Count);
        Assert.All(names, static name => Assert.True(name.Length <= CniNames.MaxInterfaceNameBytes && PodLinkNames.IsHostLink(name)));
        Assert.NotEqual(PodLinkNames.HostLink(new AttachmentKey("c", "eth0")), PodLinkNames.HostLink(new AttachmentKey("c", "eth1")));
        Assert.False(PodLinkNames.IsHostLink("kn-vxlan"));
        Assert.False(MacAddress.Parse(PodLinkNames.PodMac(new AttachmentKey("c", "eth0"))).IsMulticast);
    }

    [Fact]
    public void Alias_IsThePod_OrTheContainer_CutToTheKernelsLimit()
    {
        Assert.Equal("ns/web", PodLinkNames.Alias(new AttachmentKey("c", "eth0"), new Kn.Kubernetes.Objects.ObjectKey("ns", "web")));
        Assert.Equal("c", PodLinkNames.Alias(new AttachmentKey("c", "eth0"), null));
        Assert.Equal(255, PodLinkNames.Alias(new AttachmentKey("c", "eth0"), new Kn.Kubernetes.Objects.ObjectKey(new string('n', 63), new string('p', 253))).Length);
    }

    [Fact]
    public void Mtu_IsTheSmallestOfTheDefaultRoutesLinks()
    {
        Link[] links =
        [
            new Link { Index = 1, Name = "lo", Mtu = 65536, Flags = LinkFlags.Up | LinkFlags.Loopback },
            new Link { Index = 2, Name = "eth0", Mtu = 9000, Flags = LinkFlags.Up },
            new Link { Index = 3, Name = "eth1", Mtu = 1400, Flags = LinkFlags.Up },
            new Link { Index = 4, Name = "other", Mtu = 1300, Flags = LinkFlags.Up },
        ];
        Route four = new() { Destination = IpPrefix.Parse("0.0.0.0/0"), LinkIndex = 2 };
        Route six = new() { Destination = IpPrefix.Parse("::/0"), LinkIndex = 3 };
        Assert.Equal(9000u, UnderlayMtu.Of(links, [four]));
        Assert.Equal(1400u, UnderlayMtu.Of(links, [four, six]));
        Assert.Equal(1300u, UnderlayMtu.Of(links, [new Route { Destination = IpPrefix.Parse("10.0.0.0/8"), LinkIndex = 2 }]));
        Assert.Equal(1500u, UnderlayMtu.Of(links[..1], []));
    }

    [Theory]
    [InlineData(0u, null, 1500u)]
    [InlineData(50u, "kn-vxlan", 1450u)]
    [InlineData(0u, "kn-vxlan", 1450u)]
    [InlineData(50u, "kn-vxlan6", 1430u)]
    [InlineData(400u, null, 1280u)]
    public void Mtu_IsLessTheEncapsulation(uint said, string? tunnel, uint expected)
    {
        // Without a default route every link that is no pod's counts; the tunnel itself must not.
        List<Link> links =
        [
            new Link { Index = 2, Name = "eth0", Mtu = 1500, Flags = LinkFlags.Up },
            new Link { Index = 4, Name = "kn-bridge", Mtu = 1300, Flags = LinkFlags.Up, Group = 79 },
            new Link { Index = 5, Name = "kp0123456789ab", Mtu = 1300, Flags = LinkFlags.Up, Group = 77 },
        ];
        if (tunnel is not null)
        {
            links.Add(new Link { Index = 3, Name = tunnel, Mtu = 1450, Flags = LinkFlags.Up });
        }

        Assert.Equal(expected, UnderlayMtu.LessEncapsulation(links, [], said));
    }

    [Fact]
    public void BridgeGateways_AreFirstAddresses_AndStay()
    {
        ValueList<IpPrefix> podCidrs = [IpPrefix.Parse("10.1.0.0/24"), IpPrefix.Parse("fd00:1::/64")];
        var first = BridgeGateways.Choose(podCidrs, [], default, default);
        Assert.Equal(["10.1.0.1", "fd00:1::1"], first.Wanted.Select(static subnet => subnet.Gateway.ToString()));
        var contested = BridgeGateways.Choose(podCidrs, [], default, [IpAddress.Parse("10.1.0.1"), IpAddress.Parse("10.1.0.2")]);
        Assert.Equal(["10.1.0.3", "fd00:1::1"], contested.Wanted.Select(static subnet => subnet.Gateway.ToString()));
        // Whatever pods come and go: the bridge's address stays, also when somebody removed it from the bridge.
        var held = contested.Wanted.Select(BridgeGateways.AddressOf).ToList();
        Assert.Equal(contested.Wanted, BridgeGateways.Choose(podCidrs, held, default, default).Wanted);
        Assert.Equal(contested.Wanted, BridgeGateways.Choose(podCidrs, [], contested.Wanted, default).Wanted);
    }

    [Fact]
    public void BridgeGateways_OfAnOldPodCidr_StayWhileItHasPods()
    {
        var held = new LinkAddress { Address = IpAddress.Parse("10.1.0.1"), PrefixLength = 24 };
        ValueList<IpPrefix> podCidrs = [IpPrefix.Parse("10.2.0.0/24")];
        Assert.Empty(BridgeGateways.Choose(podCidrs, [held], default, [IpAddress.Parse("10.1.0.7")]).Unwanted);
        Assert.Equal(2, BridgeGateways.Choose(podCidrs, [held], default, [IpAddress.Parse("10.1.0.7")]).Wanted.Count);
        Assert.Equal([held], BridgeGateways.Choose(podCidrs, [held], default, default).Unwanted);
        Assert.Empty(BridgeGateways.Choose(default, [held], default, default).Unwanted);
    }

    [Fact]
    public void PortMac_FollowsFromTheAddress()
    {
        Assert.Equal("6e:6b:0a:f4:01:05", PodLinkNames.PortMac(IpAddress.Parse("10.244.1.5")).ToString());
        Assert.Equal("6e:6b:00:00:00:05", PodLinkNames.PortMac(IpAddress.Parse("fd00::5")).ToString());
        Assert.NotEqual(PodLinkNames.BridgeMac("kn-bridge"), PodLinkNames.BridgeMac("kube-bridge"));
        Assert.Equal("kp-mynet", PodLinkNames.PlainBridge("mynet"));
        Assert.Equal(15, PodLinkNames.PlainBridge("a-network-with-a-long-name").Length);
    }

    [Theory]
    [InlineData(1279u, false)]
    [InlineData(1280u, true)]
    [InlineData(65535u, true)]
    [InlineData(65536u, false)]
    [InlineData(null, true)]
    public void OptionMtu_IsValidated(uint? mtu, bool isValid) => Assert.Equal(isValid, Errors(new CniOptions { Mtu = mtu }) == 0);

    [Fact]
    public void AllFaultsOfTheOptions_AreReported() =>
        Assert.Equal(3, Errors(new CniOptions { Mtu = 1, PodReadyTimeout = TimeSpan.Zero, PodCidrTimeout = TimeSpan.FromSeconds(-1) }));

    private static int Errors(CniOptions options)
    {
        var errors = new OptionErrors();
        options.Validate(errors);
        return errors.All.Count;
    }
}

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

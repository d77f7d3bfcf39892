using Kn.Hosting.Options;
using Kn.Routes.Bgp.Options;

namespace Kn.Routes.Tests.Bgp;

/// <summary>What the config may not say.</summary>
public sealed class BgpOptionsTests
{
    private static readonly BgpNeighborOptions Router = new() { Address = Given.Ip("192.0.2.254"), Asn = 65001 };

    public static TheoryData<string, RoutesOptions> Faults { get; } = new()
    {
        { "Bgp.NodeAsn must be from 1", Of(new BgpOptions { NodeAsn = 0 }) },
        { "Bgp.RouterId must be an IPv4 address", Of(new BgpOptions { RouterId = Given.Ip("2001:db8::1") }) },
        { "Bgp.Port must be", Of(new BgpOptions { Port = 0 }) },
        { "Bgp.MaxPaths must be", Of(new BgpOptions { MaxPaths = 0 }) },
        { "Bgp.MaxRoutes must be", Of(new BgpOptions { MaxRoutes = 0 }) },
        { "Bgp.Metric must differ from routes.metric", Of(new BgpOptions { Metric = 512 }) },
        { "Bgp.Advertise.PodCidrs must be true with routes.mode bgp", new RoutesOptions { Mode = RoutesMode.Bgp, Bgp = new BgpOptions { Advertise = new BgpAdvertiseOptions { PodCidrs = false } } } },
        { "Bgp.Advertise.Aggregates[0] must not be a default route", Of(new BgpOptions { Advertise = new BgpAdvertiseOptions { Aggregates = [Given.Prefix("::/0")] } }) },
        { "Bgp.Advertise.Communities[0] 'x' is no community", Of(new BgpOptions { Advertise = new BgpAdvertiseOptions { Communities = ["x"] } }) },
        { "Bgp.GracefulRestart.RestartTime must be from 1s to 4095s", Of(new BgpOptions { GracefulRestart = new BgpRestartOptions { RestartTime = TimeSpan.FromHours(2) } }) },
        { "Bgp.Bfd.Interval must be", Of(new BgpOptions { Bfd = new BgpBfdOptions { Interval = TimeSpan.Zero } }) },
        { "Bgp.NodeMesh.PasswordFile 'key' must be an absolute path", Of(new BgpOptions { NodeMesh = new BgpMeshOptions { PasswordFile = "key" } }) },
        { "Bgp.Peers[0].Address must be the router's address", Of(Router with { Address = null }) },
        { "Bgp.Peers[0].Address must not be a link-local", Of(Router with { Address = Given.Ip("fe80::1") }) },
        { "Bgp.Peers[1].Address is there twice", Of(Router, Router) },
        { "Bgp.Peers[0].Asn must be", Of(Router with { Asn = 0 }) },
        { "Bgp.Peers[0].LocalAddress must be of the same family", Of(Router with { LocalAddress = Given.Ip("2001:db8::1") }) },
        { "Bgp.Peers[0].PasswordFile 'key' must be an absolute path", Of(Router with { PasswordFile = "key" }) },
        { "Bgp.Peers[0].Bfd works on one segment only", Of(Router with { Bfd = true, Hops = 2 }) },
        { "Bgp.Peers[0].HoldTime must be 0s or at least 3s", Of(Router with { HoldTime = TimeSpan.FromSeconds(2) }) },
        { "Bgp.Peers[0].NodeSelector '=' is no selector", Of(Router with { NodeSelector = "=" }) },
        { "Bgp.Peers[0].Prepend must be at most 16", Of(Router with { Prepend = 17 }) },
        { "Bgp.Peers[0].Communities[0] '1' is no community", Of(Router with { Communities = ["1"] }) },
        { "Bgp.Peers[0].Import[0].Ge must be from 8 to 32", Of(Router with { Import = [new BgpFilterOptions { Prefix = Given.Prefix("10.0.0.0/8"), Ge = 7 }] }) },
        { "Bgp.Peers[0].Export[0].Le must be from 16 to 32", Of(Router with { Export = [new BgpFilterOptions { Prefix = Given.Prefix("10.0.0.0/8"), Ge = 16, Le = 12 }] }) },
        { "Bgp.Peers[0].Import[0].Prefix must be there", Of(Router with { Import = [new BgpFilterOptions { Ge = 7 }] }) },
    };

    [Theory, MemberData(nameof(Faults))]
    public void Fault_IsNamed_AndIsTheOnlyOne(string expected, RoutesOptions options)
    {
        var errors = new OptionErrors();
        options.Validate(errors);
        Assert.StartsWith(expected, string.Join("; ", errors.All.Select(static error => $"{error.Property} {error.Expectation}").Where(error => error.StartsWith(expected[..expected.IndexOf(' ')], StringComparison.Ordinal))), StringComparison.Ordinal);
        Assert.True(errors.All.Count <= 2, string.Join("; ", errors.All));
    }

    [Fact]
    public void Defaults_AreGood_WithAndWithoutBgp()
    {
        foreach (var options in new[] { new RoutesOptions(), Of(Router), new RoutesOptions { Mode = RoutesMode.Bgp } })
        {
            var errors = new OptionErrors();
            options.Validate(errors);
            Assert.Empty(errors.All);
        }
    }

    private static RoutesOptions Of(BgpOptions options) => new() { Bgp = options with { Enabled = true } };

    private static RoutesOptions Of(params BgpNeighborOptions[] peers) => Of(new BgpOptions { Peers = [.. peers] });
}

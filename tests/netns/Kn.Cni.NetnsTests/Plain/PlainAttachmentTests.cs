using Kn.Cni.Protocol;

namespace Kn.Cni.NetnsTests.Plain;

/// <summary>Networks without an agent against the kernel. Needs root.</summary>
public sealed class PlainAttachmentTests
{
    private const string BothFamilies = """{"type":"host-local","ranges":[[{"subnet":"10.10.0.0/16"}],[{"subnet":"fd00:10::/64"}]]}""";

    [Fact]
    public async Task TheOldConfiguration_IsEnough()
    {
        using var host = new PlainHost();
        var config = host.Config(version: null);
        var (container, result) = host.Add(config, "c1");
        Assert.Equal("0.1.0", (string)result["cniVersion"]!);
        Assert.Equal("10.10.0.2/32", (string)result["ip4"]!["ip"]!);
        Assert.Equal("169.254.1.1", (string)result["ip4"]!["gateway"]!);
        Assert.Contains("default via 169.254.1.1", await Run.TextAsync($"ip -n {container} route"), StringComparison.Ordinal);
        host.Delete(config, "c1", container);
        Assert.Equal("", await host.LeftoversAsync());
    }

    [Theory]
    [InlineData("routed")]
    [InlineData("bridge")]
    public async Task Containers_ReachOneAnotherTheHostAndOutside_InBothFamilies(string attachment)
    {
        using var host = new PlainHost();
        var outside = await host.ConnectOutsideAsync();
        var config = host.Config(BothFamilies, $$"""{"attachment":"{{attachment}}"}""");
        var (first, _) = host.Add(config, "c1");
        var (second, _) = host.Add(config, "c2");
        foreach (var address in (string[])["10.10.0.2", "10.10.0.3", "fd00:10::2", "fd00:10::3", "192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"])
        {
            await Run.TextAsync($"ip netns exec {first} ping -n -c 1 -W 5 {address}");
        }

        // What is outside has no route to the containers: it saw the host.
        Assert.DoesNotContain("10.10", await Run.TextAsync($"ip -n {outside} route"), StringComparison.Ordinal);
        host.Delete(config, "c1", first);
        await Run.TextAsync($"ip netns exec {second} ping -n -c 1 -W 5 192.0.2.2");
        host.Delete(config, "c2", second);
        Assert.DoesNotContain("kp", await host.LeftoversAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("kn-plain", await host.LeftoversAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bridge_HasTheGatewaysHairpinAndAMacThatStays()
    {
        using var host = new PlainHost();
        var config = host.Config(BothFamilies, """{"bridge":"cni7","isDefaultGateway":true,"ipMasq":true,"hairpinMode":true,"mtu":1400}""");
        var (container, result) = host.Add(config, "c1");
        Assert.Equal(["cni7", (string)result["interfaces"]![1]!["name"]!, "eth0"], result["interfaces"]!.AsArray().Select(static link => (string)link!["name"]!));
        Assert.Equal("10.10.0.2/16", (string)result["ips"]![0]!["address"]!);
        Assert.Equal("10.10.0.1", (string)result["ips"]![0]!["gateway"]!);
        var bridge = (await Run.JsonAsync($"ip -n {host.Name} -j -d addr show cni7"))[0]!;
        Assert.Equal("78", (string)bridge["group"]!);
        Assert.Equal(1400, (int)bridge["mtu"]!);
        var held = bridge["addr_info"]!.AsArray().Where(static info => (string)info!["scope"]! == "global").Select(static info => $"{info!["local"]}/{info["prefixlen"]}");
        Assert.Equal(["10.10.0.1/16", "fd00:10::1/64"], held);
        Assert.DoesNotContain("tentative", await Run.TextAsync($"ip -n {host.Name} -6 addr show dev cni7 scope global"), StringComparison.Ordinal);
        var port = (await Run.JsonAsync($"ip -n {host.Name} -j -d link show master cni7"))[0]!;
        Assert.True((bool)port["linkinfo"]!["info_slave_data"]!["hairpin"]!);
        var mac = (string)bridge["address"]!;
        host.Add(config, "c2");
        host.Delete(config, "c1", container);
        Assert.Equal(mac, (string)(await Run.JsonAsync($"ip -n {host.Name} -j addr show cni7"))[0]!["address"]!);
    }

    [Fact]
    public async Task ANamedBridge_HasTheDefaultsOfTheReferencePlugin()
    {
        using var host = new PlainHost();
        var (container, _) = host.Add(host.Config(more: """{"bridge":"cni7"}"""), "c1");
        Assert.DoesNotContain("default", await Run.TextAsync($"ip -n {container} route"), StringComparison.Ordinal);
        Assert.Equal("", await Run.TextAsync($"ip -n {host.Name} -4 addr show dev cni7"));
        Assert.Equal("", await Run.TextAsync($"ip netns exec {host.Name} nft list ruleset"));
        Assert.False((bool)(await Run.JsonAsync($"ip -n {host.Name} -j -d link show master cni7"))[0]!["linkinfo"]!["info_slave_data"]!["hairpin"]!);
    }

    [Fact]
    public async Task ABridgeOfSomebodyElse_IsUsedAndStays()
    {
        using var host = new PlainHost();
        await Run.TextAsync($"ip -n {host.Name} link add br7 type bridge");
        var before = (string)(await Run.JsonAsync($"ip -n {host.Name} -j link show br7"))[0]!["address"]!;
        var config = host.Config(more: """{"bridge":"br7","isGateway":true}""");
        var (container, _) = host.Add(config, "c1");
        Assert.Contains("UP", await Run.TextAsync($"ip -n {host.Name} link show br7"), StringComparison.Ordinal);
        host.Delete(config, "c1", container);
        Assert.NotEqual("", before);
        Assert.Contains("br7", await host.LeftoversAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_Twice_IsRefused_AndTheFirstStays()
    {
        using var host = new PlainHost();
        var config = host.Config(BothFamilies);
        var (container, result) = host.Add(config, "c1");
        Assert.Equal(CniErrorCode.AlreadyAttached, (CniErrorCode)host.Call("ADD", config, "c1", container).Code);
        Assert.Equal(CniErrorCode.AlreadyAttached, (CniErrorCode)host.Call("ADD", config, "c2", container).Code);
        Assert.Equal(["10.10.0.2", "fd00:10::2"], host.Reservations);
        Assert.Equal("", host.Call("CHECK", config, "c1", container, result).Message);
        host.Delete(config, "c1", container);
        Assert.Equal("", await host.LeftoversAsync());
    }

    [Theory]
    [InlineData("routed")]
    [InlineData("bridge")]
    public async Task Del_IsIdempotent_AlsoWithoutTheNamespace(string attachment)
    {
        using var host = new PlainHost();
        var config = host.Config(BothFamilies, $$"""{"attachment":"{{attachment}}"}""");
        var (container, _) = host.Add(config, "c1");
        Linux.Namespaces.NetworkNamespace.Remove(container);
        host.Delete(config, "c1", container);
        host.Delete(config, "c1", null);
        host.Delete(config, "never", null);
        Assert.Equal("", await host.LeftoversAsync());
    }

    [Fact]
    public async Task Options_ForOtherAddressesRoutesAndMac_AreHonoured()
    {
        using var host = new PlainHost();
        const string ipam = """{"type":"host-local","ranges":[[{"subnet":"10.10.0.0/16","rangeStart":"10.10.3.1","rangeEnd":"10.10.3.9","gateway":"10.10.9.9"}]],"routes":[{"dst":"198.51.100.0/24"}]}""";
        var config = host.Config(ipam, """{"attachment":"bridge","runtimeConfig":{"ips":["10.10.3.7/16"],"mac":"02:00:00:00:00:07"}}""");
        var (container, result) = host.Add(config, "c1");
        Assert.Equal("10.10.3.7/16", (string)result["ips"]![0]!["address"]!);
        Assert.Equal("02:00:00:00:00:07", (string)result["interfaces"]![2]!["mac"]!);
        var routes = await Run.TextAsync($"ip -n {container} route");
        Assert.Contains("198.51.100.0/24 via 10.10.9.9", routes, StringComparison.Ordinal);
        Assert.DoesNotContain("default", routes, StringComparison.Ordinal);
        var other = host.CreateContainer();
        var refused = host.Call("ADD", config, "c2", other);
        Assert.Equal(CniErrorCode.AddressesExhausted, (CniErrorCode)refused.Code);
        Assert.Contains("10.10.3.7", refused.Message, StringComparison.Ordinal);
        Assert.Equal("10.10.3.8/16", (string)host.Add(host.Config(ipam, """{"attachment":"bridge"}"""), "c2", other, "IgnoreUnknown=1;IP=10.10.3.8")["ips"]![0]!["address"]!);
    }

    [Fact]
    public async Task Exhaustion_IsAClearError_AndStatusSaysSo()
    {
        using var host = new PlainHost();
        var config = host.Config("""{"type":"host-local","subnet":"10.10.0.0/29"}""");
        Assert.Equal(0, host.Call("STATUS", config, "", null).ExitCode);
        for (var index = 0; index < 5; index++)
        {
            host.Add(config, $"c{index}");
        }

        var refused = host.Call("ADD", config, "c9", host.CreateContainer());
        Assert.Equal(CniErrorCode.AddressesExhausted, (CniErrorCode)refused.Code);
        Assert.Contains("10.10.0.1-10.10.0.6", refused.Message, StringComparison.Ordinal);
        Assert.Equal(50, host.Call("STATUS", config, "", null).Code);
        for (var index = 0; index < 5; index++)
        {
            host.Delete(config, $"c{index}", null);
        }

        Assert.Equal("", await host.LeftoversAsync());
    }
}

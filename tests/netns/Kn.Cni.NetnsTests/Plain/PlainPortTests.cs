using Kn.Cni.Protocol;

namespace Kn.Cni.NetnsTests.Plain;

/// <summary>Published ports of networks without an agent, as a client sees them. Needs root and netcat.</summary>
public sealed class PlainPortTests
{
    private const string Ports = """{"runtimeConfig":{"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]}}""";

    [Theory]
    [InlineData("routed")]
    [InlineData("bridge")]
    public async Task APublishedPort_IsReachedFromOutsideTheHostAndTheContainerItself_AndGoesWithIt(string attachment)
    {
        using var host = new PlainHost();
        var outside = await host.ConnectOutsideAsync();
        var config = host.Config("""{"type":"host-local","ranges":[[{"subnet":"10.10.0.0/16"}],[{"subnet":"fd00:10::/64"}]]}""", Ports);
        config["attachment"] = attachment;
        var (container, _) = host.Add(config, "c1");
        using var server = HttpResponder.Start(container, 80, "hello");
        foreach (var (from, to) in ((string, string)[])[(outside, "192.0.2.1"), (outside, "2001:db8::1"), (host.Name, "192.0.2.1"), (host.Name, "127.0.0.1"), (container, "192.0.2.1"), (container, "2001:db8::1")])
        {
            Assert.Equal("hello", (await Run.TextAsync($"ip netns exec {from} curl -s --max-time 20 --noproxy * http://{(to.Contains(':') ? $"[{to}]" : to)}:8080/")).Trim());
        }

        var taken = host.Call("ADD", config, "c2", host.CreateContainer());
        Assert.Equal(CniErrorCode.HostPortTaken, (CniErrorCode)taken.Code);
        Assert.Contains("8080/tcp", taken.Message, StringComparison.Ordinal);
        Assert.Contains("mynet c1 eth0", taken.Details, StringComparison.Ordinal);
        Assert.Equal(["10.10.0.2", "fd00:10::2"], host.Reservations);
        host.Delete(host.Config(), "c1", null);
        Assert.DoesNotContain("kn-plain", await host.LeftoversAsync(), StringComparison.Ordinal);
    }
}

using Kn.Cni.Attaching;
using Kn.Cni.Protocol;

namespace Kn.Cni.NetnsTests.Plain;

/// <summary>Limits of bandwidth in networks without an agent. Needs root.</summary>
public sealed class PlainBandwidthTests
{
    [Theory]
    [InlineData("routed")]
    [InlineData("bridge")]
    public async Task Limits_AreAtBothEndsOfTheVeth_AndCheckedThere(string attachment)
    {
        using var host = new PlainHost();
        var config = host.Config(more: """{"runtimeConfig":{"bandwidth":{"ingressRate":10000000,"egressRate":20000000}}}""");
        config["attachment"] = attachment;
        var (container, result) = host.Add(config, "c1");
        var link = PodLinkNames.HostLink(new AttachmentKey("c1", "eth0"), LinkOwner.Plain.Prefix);
        Assert.Equal(1_250_000, await RateAsync(host.Name, link));
        Assert.Equal(2_500_000, await RateAsync(container, "eth0"));
        Assert.Equal("", host.Call("CHECK", config, "c1", container, result).Message);
        await Run.TextAsync($"tc -n {host.Name} qdisc del dev {link} root");
        Assert.Contains("receives", host.Call("CHECK", config, "c1", container, result).Message, StringComparison.Ordinal);
        host.Delete(config, "c1", container);
    }

    private static async Task<int> RateAsync(string space, string link) =>
        (int)(await Run.JsonAsync($"tc -j -n {space} qdisc show dev {link} root"))[0]!["options"]!["rate"]!;
}

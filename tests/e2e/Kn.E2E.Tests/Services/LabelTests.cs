using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>Labels and annotations that a proxy heeds. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class LabelTests(ServicesLab lab)
{
    [Fact]
    [Conformance("services", "Labels and annotations")]
    public async Task ServicesOfOthers_AreLeftAlone()
    {
        foreach (var label in (string[])["service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless"])
        {
            await using var web = await lab.ServiceAsync("type: NodePort");
            await web.ServeAsync("a");
            await lab.SettleAsync(1);
            Assert.Equal("a", await lab.From("client1").GetAsync(web.ClusterIp(), 80));
            await web.LabelAsync(label, "other");
            await lab.SettleAsync(1);
            Assert.Equal(RealClient.Refused, await lab.From("outside").GetAsync(lab.Node(1), web.NodePort));
            Assert.NotEqual(RealClient.Refused, await lab.From("client1").GetAsync(web.ClusterIp(), 80));

            // The other proxy, which has another endpoint for it and translates after us.
            await lab.RunAsync("node1", "nft", $"table ip other {{ chain in {{ type nat hook prerouting priority -90; ip daddr {web.ClusterIp()} tcp dport 80 dnat to {lab.Pod("b")}:8080; }}; }}");
            Assert.Equal("b", await lab.From("client1").GetAsync(web.ClusterIp(), 80));
            await web.LabelAsync(label, null);
            await lab.SettleAsync(1);
            Assert.Equal("a", await lab.From("client1").GetAsync(web.ClusterIp(), 80));
            await lab.RunAsync("node1", "nft", "delete", "table", "ip", "other");
        }
    }

    [Fact]
    [Conformance("services", "Labels and annotations")]
    public async Task AnnotationThatCannotBeHonoured_IsAProblem_AndTheServiceIsServed()
    {
        await using var web = await lab.ServiceAsync("", "annotations: {kube-router.io/service.scheduler: fastest, kube-router.io/service.schedflags: flag-1}");
        await web.ServeAsync("a", "b");
        await lab.SettleAsync(1);
        Assert.Equal("a b", await lab.From("client1").NamesAsync(web.ClusterIp(), 80));

        // Problems are published when the pass that serves the Service has ended.
        foreach (var problem in (string[])["'fastest' is none of rr, lc, sh, dh and mh", "schedflags: 'flag-1' is not honoured"])
        {
            await LabFixture.UntilAsync(problem, async () => (await lab.KnAsync(1, "status")).Contains(problem, StringComparison.Ordinal));
        }
    }

    [Fact]
    [Conformance("services", "Labels and annotations")]
    public async Task DirectServerReturn_IsAnEventThatSaysItIsNotThere_Once()
    {
        await using var web = await lab.ServiceAsync("", "annotations: {kube-router.io/service.dsr: tunnel}");
        await web.ServeAsync("a");
        await lab.SettleAsync();
        Assert.Equal("a", await lab.From("client1").GetAsync(web.ClusterIp(), 80));
        var told = Array.Empty<System.Text.Json.Nodes.JsonObject>();
        await LabFixture.UntilAsync("an Event", async () =>
        {
            var events = await lab.Client.ListAsync(ApiResources.Events, ServicesLab.Space, null, CancellationToken.None);
            told = [.. events.Items.Where(item => item.Text("reason") == "DirectServerReturnNotSupported" && (item.Text("involvedObject", "name") ?? item.Text("regarding", "name")) == web.Name)];
            return told.Length > 0;
        });
        Assert.Equal("Warning", Assert.Single(told).Text("type"));
    }

    [Fact]
    [Conformance("services", "Labels and annotations")]
    public async Task SkippedLoadBalancerIps_AreLeftToSomebodyElse()
    {
        var balancer = IpAddress.Parse("203.0.113.40");
        await using var web = await lab.ServiceAsync("type: LoadBalancer");
        await web.ServeAsync("a");
        await web.BalanceAsync($"{balancer}");
        await lab.SettleAsync(1);
        Assert.Equal("a", await lab.From("client1").GetAsync(balancer, 80));
        await web.AnnotateAsync("kube-router.io/service.skiplbips", "true");
        await lab.SettleAsync(1);
        Assert.Contains(await lab.From("client1").GetAsync(balancer, 80), (string[])[RealClient.Silence, RealClient.Unreachable]);
        Assert.Equal("a", await lab.From("client1").GetAsync(web.ClusterIp(), 80));
    }

    [Fact]
    [Conformance("services", "Labels and annotations")]
    public async Task ServiceLocal_IsBothPoliciesLocal()
    {
        await using var web = await lab.ServiceAsync("type: NodePort", "annotations: {kube-router.io/service.local: \"true\"}");
        await web.ServeAsync("a", "b");
        await lab.SettleAsync(1, 2);
        Assert.Equal("a", await lab.From("client1").NamesAsync(web.ClusterIp(), 80));
        Assert.Equal("b", await lab.From("client2").NamesAsync(web.ClusterIp(), 80));
        Assert.Equal("a", await lab.From("outside").NamesAsync(lab.Node(1), web.NodePort));
        Assert.Equal($"{ServicesLab.Outsider()}", await lab.From("outside").GetAsync(lab.Node(1), web.NodePort, "/clientip"));
    }

    [Fact]
    [Conformance("services", "Labels and annotations")]
    public async Task HairpinAnnotations_AskForWhatIsAlwaysSo()
    {
        await using var web = await lab.ServiceAsync("", "annotations: {kube-router.io/service.hairpin: \"\", kube-router.io/service.hairpin.externalips: \"\"}");
        await web.ServeAsync("client1");
        await lab.SettleAsync(1);
        Assert.Equal("client1", await lab.From("client1").GetAsync(web.ClusterIp(), 80));
        Assert.Equal("client1", await lab.From("client1").GetAsync(web.ClusterIp(IpFamily.V6), 80));
    }
}

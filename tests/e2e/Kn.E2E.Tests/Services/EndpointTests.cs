using System.Globalization;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>Which endpoints of a Service's slices are used. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class EndpointTests(ServicesLab lab)
{
    private const string Zone = "topology.kubernetes.io/zone";

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task EndpointOnTheHostNetwork_IsReachedFromEverywhere()
    {
        await using var host = await TestService.CreateAsync(lab, "onhost", "type: NodePort", "", ServicesLab.HostPort);
        await host.ServeAsync("host1");
        await lab.SettleAsync();
        await Task.WhenAll(
            from family in ServicesLab.Families
            from place in new[] { "client1", "client2", "client3", "node1", "node2", "host1", "host2", "outside" }
            from vip in Vips((host.ClusterIp(family), 80), (lab.Node(1, family), host.NodePort), (lab.Node(3, family), host.NodePort))
            where vip.Port != 80 || place != "outside"
            select AssertAnswersAsync(place, vip.Address, vip.Port, place != "client2" || vip.Address == lab.Node(3, family)));
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task RemovedEndpoint_IsNeverHitAgain_WhileConnectionsToItGoOn()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("c");
        await lab.SettleAsync();
        using var inside = await lab.From("client1").ConnectAsync(web.ClusterIp(), 80);
        using var outside = await lab.From("outside").ConnectAsync(lab.Node(1), web.NodePort);
        Assert.Equal(("c", "c"), (await inside.AskAsync(), await outside.AskAsync()));
        await web.ServeAsync("a", "b");
        await lab.SettleAsync();
        Assert.Equal("a b", await lab.From("client1").NamesAsync(web.ClusterIp(), 80, 60));
        Assert.Equal("a b", await lab.From("outside").NamesAsync(lab.Node(1), web.NodePort, 60));
        Assert.Equal(("c", "c"), (await inside.AskAsync(), await outside.AskAsync()));
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task SlicesOfHeadlessLabelWrongPortOrFamily_DoNotCount()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("headless", [new("c")], "service.kubernetes.io/headless: \"\"");
        await web.ServeAsync("other", [new("c")], "service.kubernetes.io/service-proxy-name: other");
        await web.ServeAsync("wrong", [new("c")], ports: "{name: other, port: 8080, protocol: TCP}, {name: http, port: 8080, protocol: UDP}");
        await lab.CreateAllAsync(
            ServicesLab.Space,
            $"{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: {web.Name}-fqdn, labels: {{kubernetes.io/service-name: {web.Name}}}}}, addressType: FQDN, ports: [{{name: http, port: 8080}}], endpoints: [{{addresses: [c.example.org]}}]}}");
        await lab.SettleAsync();
        Assert.Equal(RealClient.Refused, await lab.From("client1").GetAsync(web.ClusterIp(), 80));
        await web.ServeAsync("a", "b");
        await lab.SettleAsync();
        Assert.Equal("a b", await lab.From("client1").NamesAsync(web.ClusterIp(), 80, 60));
        await lab.Client.EnsureDeletedAsync(ApiResources.EndpointSlices, ServicesLab.Space, $"{web.Name}-fqdn", null, CancellationToken.None);
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task NotReadyEndpoint_IsNeverUsed()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeStatesAsync([TestEndpoint.Unready("a"), new("b")]);
        await lab.SettleAsync();
        Assert.Equal("b", await lab.From("client1").NamesAsync(web.ClusterIp(), 80));
        await web.ServeStatesAsync([TestEndpoint.Unready("a"), TestEndpoint.Unready("b") with { Terminating = true }]);
        await lab.SettleAsync();
        Assert.Equal(RealClient.Refused, await lab.From("client1").GetAsync(web.ClusterIp(), 80));
        await web.ServeStatesAsync([new("a") { Ready = null }]);
        await lab.SettleAsync();
        Assert.Equal("a", await lab.From("client1").GetAsync(web.ClusterIp(), 80));
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task EndpointThatTerminatesAndServes_IsUsed_WhenNoneIsReady()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeStatesAsync([TestEndpoint.Leaving("a"), TestEndpoint.Leaving("b"), new("c"), TestEndpoint.Unready("client2")]);
        await lab.SettleAsync();
        Assert.Equal("c", await lab.From("client1").NamesAsync(web.ClusterIp(), 80));
        await web.ServeStatesAsync([TestEndpoint.Leaving("a"), TestEndpoint.Leaving("b"), TestEndpoint.Unready("client2")]);
        await lab.SettleAsync();
        foreach (var family in ServicesLab.Families)
        {
            Assert.Equal("a b", await lab.From("client1").NamesAsync(web.ClusterIp(family), 80));
        }
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task PodThatIsNotReady_IsAnEndpoint_OnlyByPublishNotReadyAddresses()
    {
        await lab.PodAsync("shy", "nodeName: node2, containers: [{name: e, image: echo, ports: [{containerPort: 8080}], readinessProbe: {tcpSocket: {port: 81}, periodSeconds: 1}}]", "labels: {app: shy}", ready: false);
        await using var web = await lab.ServiceAsync("selector: {app: shy}, ports: [{name: http, port: 80, targetPort: 8080}]");
        await LabFixture.UntilAsync("the controller has looked", async () => (await lab.Client.ListAsync(ApiResources.EndpointSlices, ServicesLab.Space, $"labelSelector=kubernetes.io%2Fservice-name%3D{web.Name}", CancellationToken.None)).Items.SelectMany(static slice => slice.Maps("endpoints")).Count() == 2);
        await lab.SettleAsync();
        Assert.Equal(RealClient.Refused, await lab.From("client1").GetAsync(web.ClusterIp(), 80));
        await web.PatchAsync("""{"spec":{"publishNotReadyAddresses":true}}""");
        await LabFixture.UntilAsync("served though not ready", async () => await lab.From("client1").GetAsync(web.ClusterIp(), 80) == "shy");
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task ZoneHints_KeepClientsInTheirZone_AndAreIgnoredUnlessTheyServeIt()
    {
        await lab.LabelAsync(1, Zone, "east");
        await lab.LabelAsync(2, Zone, "west");
        await using var web = await lab.ServiceAsync("trafficDistribution: PreferClose");
        await web.ServeStatesAsync([new("a") { ForZone = "east" }, new("b") { ForZone = "west" }, new("c") { ForZone = "east" }]);
        await LabFixture.UntilAsync("east stays in the east", async () => await lab.From("client1").NamesAsync(web.ClusterIp(), 80) == "a c");
        await LabFixture.UntilAsync("west stays in the west", async () => await lab.From("client2").NamesAsync(web.ClusterIp(IpFamily.V6), 80) == "b");
        Assert.Equal("a b c", await lab.From("client3").NamesAsync(web.ClusterIp(), 80));
        await web.ServeStatesAsync([new("a") { ForZone = "east" }, new("c") { ForZone = "east" }]);
        await lab.SettleAsync();
        Assert.Equal("a c", await lab.From("client2").NamesAsync(web.ClusterIp(), 80));
        await web.ServeStatesAsync([new("a") { ForZone = "east" }, new("b") { ForZone = "west" }, new("c")]);
        await lab.SettleAsync();
        Assert.Equal("a b c", await lab.From("client1").NamesAsync(web.ClusterIp(), 80));
        await lab.LabelAsync(1, Zone, null);
        await lab.LabelAsync(2, Zone, null);
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task NodeHints_KeepClientsOnTheirNode_AndFallBackToAll()
    {
        await using var web = await lab.ServiceAsync("trafficDistribution: PreferSameNode");
        await web.ServeStatesAsync([new("a") { ForNode = "node1" }, new("b") { ForNode = "node2" }]);
        await lab.SettleAsync();
        Assert.Equal("a", await lab.From("client1").NamesAsync(web.ClusterIp(), 80));
        Assert.Equal("b", await lab.From("client2").NamesAsync(web.ClusterIp(), 80));
        Assert.Equal("a b", await lab.From("client3").NamesAsync(web.ClusterIp(), 80));
        await web.ServeStatesAsync([new("a") { ForNode = "node1", Ready = false, Serving = true, Terminating = true }, new("b") { ForNode = "node2" }]);
        await lab.SettleAsync();
        Assert.Equal("b", await lab.From("client1").NamesAsync(web.ClusterIp(), 80));
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task ServiceWithoutSelector_IsServedByItsOwnSlices()
    {
        await using var own = await lab.ServiceAsync("ports: [{name: http, port: 80, targetPort: whatever}, {name: other, port: 81}]");
        await own.ServeAsync("a");
        await lab.SettleAsync();
        foreach (var family in ServicesLab.Families)
        {
            Assert.Equal("a", await lab.From("client2").GetAsync(own.ClusterIp(family), 80));
            Assert.Equal(RealClient.Refused, await lab.From("client2").GetAsync(own.ClusterIp(family), 81));
        }
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task TargetPort_ByName_IsEachPodsOwn_AndByNumberIsTheSameOnAll()
    {
        await lab.PodAsync("early", "nodeName: node1, containers: [{name: e, image: echo, ports: [{name: main, containerPort: 8081}]}]", "labels: {app: ports}");
        await lab.PodAsync("late", "nodeName: node2, containers: [{name: e, image: echo, ports: [{name: main, containerPort: 8082}, {containerPort: 8083}]}]", "labels: {app: ports}");
        await using var web = await lab.ServiceAsync("selector: {app: ports}, ports: [{name: named, port: 80, targetPort: main}, {name: number, port: 81, targetPort: 8083}]");
        await LabFixture.UntilAsync("both by the name", async () => await lab.From("client3").NamesAsync(web.ClusterIp(), 80) == "early late");
        await LabFixture.UntilAsync("one refuses the number", async () => await lab.From("client3").NamesAsync(web.ClusterIp(), 81) == "late refused");
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task SeveralSlicesWithDuplicates_CountEachEndpointOnce()
    {
        await using var web = await lab.ServiceAsync("", "annotations: {kube-router.io/service.scheduler: rr}");
        await web.ServeAsync("one", [new("a"), new("b")]);
        await web.ServeAsync("two", [new("b"), new("a"), TestEndpoint.Unready("c")]);
        await web.ServeAsync("three", [new("a"), new("c")]);
        await lab.SettleAsync();
        foreach (var family in ServicesLab.Families)
        {
            var answers = await lab.From("client1").GetAllAsync(web.ClusterIp(family), 80, 12);
            Assert.All(["a", "b", "c"], name => Assert.Equal(4, answers.Count(answer => answer == name)));
        }
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task EndpointOutsideTheCluster_IsReached_WithTheNodesAddress()
    {
        await using var server = lab.From("outside").Start(Binaries.KnLab, "echo", "--tcp", "8080");
        await LabFixture.UntilAsync("the server listens", async () => (await lab.RunAsync("outside", "ss", "-ltn")).Contains(":8080", StringComparison.Ordinal));
        await using var far = await lab.ServiceAsync("type: NodePort");
        await lab.CreateAllAsync(
            ServicesLab.Space,
            $$"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: {{far.Name}}-far, labels: {kubernetes.io/service-name: {{far.Name}} } }
            addressType: IPv4
            ports: [{name: http, port: 8080, protocol: TCP}]
            endpoints: [{addresses: ["{{ServicesLab.Outsider()}}"]}]
            """);
        await lab.SettleAsync();
        foreach (var place in (string[])["client1", "node1"])
        {
            Assert.Equal($"{lab.Node(1)}", await lab.From(place).GetAsync(far.ClusterIp(), 80, "/clientip"));
            Assert.Equal($"{lab.Node(1)}", await lab.From(place).GetAsync(lab.Node(1), far.NodePort, "/clientip"));
        }

        await lab.Client.EnsureDeletedAsync(ApiResources.EndpointSlices, ServicesLab.Space, $"{far.Name}-far", null, CancellationToken.None);
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task ListLongerThanMost_ReachesEachEndpoint()
    {
        // Chains for short lists are made with the table, those for longer ones when a list first needs them.
        await lab.PodAsync("many", $"nodeName: node2, containers: [{{name: e, image: echo, ports: [{string.Join(", ", Enumerable.Range(9100, 40).Select(static port => $"{{containerPort: {port}}}"))}]}}]");
        await using var web = await lab.ServiceAsync("", "annotations: {kube-router.io/service.scheduler: rr}");
        for (var port = 9100; port < 9140; port++)
        {
            await web.ServeAsync($"p{port}", [new("many")], ports: $"{{name: http, port: {port}, protocol: TCP}}");
        }

        await lab.SettleAsync(1, 3);
        foreach (var family in ServicesLab.Families)
        {
            Assert.Equal("many", await lab.From("client1").NamesAsync(web.ClusterIp(family), 80, 80));
            Assert.Equal(Enumerable.Range(9100, 40), await TargetPortsAsync(family));
        }
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task SingleStackService_IsServedInItsFamilyOnly()
    {
        await using var web = await lab.ServiceAsync("type: NodePort, ipFamilyPolicy: SingleStack, ipFamilies: [IPv6]");
        await web.ServeAsync("c");
        await lab.SettleAsync();
        Assert.Equal("c", await lab.From("client1").GetAsync(web.ClusterIp(IpFamily.V6), 80));
        Assert.Equal("c", await lab.From("outside").GetAsync(lab.Node(1, IpFamily.V6), web.NodePort));
        Assert.Equal(RealClient.Refused, await lab.From("outside").GetAsync(lab.Node(1), web.NodePort));
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task HeadlessAndExternalName_AreLeftAlone()
    {
        await using var headless = await lab.ServiceAsync("clusterIP: None, selector: {app: web}");
        await using var name = await lab.ServiceAsync("type: ExternalName, externalName: example.org");
        await lab.SettleAsync();
        var table = await lab.RunAsync("node1", "nft", "list", "table", "inet", "kn-proxy");
        Assert.DoesNotContain($"/{headless.Name}:", table, StringComparison.Ordinal);
        Assert.DoesNotContain($"/{name.Name}:", table, StringComparison.Ordinal);
        Assert.Equal("b", await lab.From("client1").GetAsync(lab.Pod("b"), 8080));
    }

    /// <summary>The ports of the pod "many" that node1 has sent connections to, by conntrack.</summary>
    private async Task<IEnumerable<int>> TargetPortsAsync(IpFamily family)
    {
        var flows = await lab.RunAsync("node1", "conntrack", "-L", "-f", family == IpFamily.V6 ? "ipv6" : "ipv4", "-p", "tcp", "--reply-src", $"{lab.Pod("many", family)}");
        return flows.Split('\n').Where(static line => line.StartsWith("tcp", StringComparison.Ordinal))
            .Select(static line => line.Split("sport=")[2].Split(' ')[0]).Select(static text => int.Parse(text, CultureInfo.InvariantCulture)).Distinct().Order();
    }

    /// <summary>A hostNetwork pod has its node's name. A UDP server on the wildcard address answers a pod behind the router from the tunnel's
    /// address (docs/design/service-proxy.md, Limits).</summary>
    private async Task AssertAnswersAsync(string place, IpAddress address, int port, bool byUdp)
    {
        var answers = (await lab.From(place).GetAsync(address, port), byUdp ? await lab.From(place).AskAsync(address, port) : "node1");
        Assert.True(answers == ("node1", "node1"), $"{place} to {address} port {port}: {answers}");
    }

    private static (IpAddress Address, int Port)[] Vips(params (IpAddress Address, int Port)[] vips) => vips;
}

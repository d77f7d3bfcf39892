using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.E2E.Tests.Dns;

/// <summary>Where the nodes serve DNS, and for whom. Needs root.</summary>
[Collection(SpecificationGroup.Name)]
public sealed class ServedTests(SpecificationLab lab)
{
    private static readonly string Web = DnsLab.Name("web");

    [Theory]
    [EveryTool]
    [Conformance("dns", "Where it is served")]
    public async Task ClusterDnsAddress_AnswersPodsAndTheNode_ByUdpAndTcp(Resolver by)
    {
        foreach (var place in (string[])["client1", "client2", "client3", "host2", "node/node1", "node/node3"])
        {
            foreach (var server in lab.Servers)
            {
                foreach (var transport in (string[])["+notcp", "+tcp"])
                {
                    var replies = await lab.From(place).AskAllAsync(by, [(Web, "A"), (Web, "AAAA")], "@" + server, transport);
                    Assert.Equal([lab.ClusterIp("web")], replies[0].Of("A"));
                    Assert.Equal([lab.ClusterIp("web", IpFamily.V6)], replies[1].Of("AAAA"));
                }
            }
        }
    }

    [Fact]
    [Conformance("dns", "Where it is served")]
    public async Task Queries_LeaveNoTraceInConntrack()
    {
        foreach (var place in (string[])["client1", "node/node1"])
        {
            foreach (var server in lab.Servers)
            {
                await lab.From(place).AskAsync(Resolver.Dig, Web, "A", "@" + server, "+notcp");
                await lab.From(place).AskAsync(Resolver.Kdig, Web, "A", "@" + server, "+tcp");
            }
        }

        await lab.From("client1").HostsAsync(Resolver.Musl, "web");
        Assert.Contains((await lab.From("client1").RunAsync("curl", "-s", "--noproxy", "*", $"http://{lab.ClusterIp("web")}/hostname")).Output, (string[])["a", "b"]);
        var flows = (await lab.From("node/node1").RunAsync("conntrack", "-L")).Output + (await lab.From("node/node1").RunAsync("conntrack", "-L", "-f", "ipv6")).Output;
        Assert.Contains($"dst={lab.ClusterIp("web")} ", flows, StringComparison.Ordinal);
        Assert.All(lab.Servers, server => Assert.DoesNotMatch($"dst={server} sport=[0-9]+ dport=53 ", flows));
    }

    [Fact]
    [Conformance("dns", "Where it is served")]
    public async Task ServiceProxy_LeavesPort53Alone_AndServesTheOtherPorts()
    {
        // Its endpoint is no name server: who is led there by port 53 gets no answer.
        await lab.Client.PatchAsync(
            ApiResources.Services, "kube-system", "kube-dns", null,
            System.Text.Json.Nodes.JsonNode.Parse("""{"spec":{"ports":[{"name":"dns","port":53,"protocol":"UDP"},{"name":"dns-tcp","port":53},{"name":"metrics","port":9153,"targetPort":8080}]}}""")!, PatchKind.Merge, CancellationToken.None);
        await lab.SliceAsync(
            "kube-dns", $"{{addresses: [{lab.PodIp("b")}]}}", space: "kube-system",
            ports: "{name: dns, port: 8080, protocol: UDP}, {name: dns-tcp, port: 8080}, {name: metrics, port: 8080}");
        foreach (var client in (string[])["client1", "host2", "client3"])
        {
            await Framework.LabFixture.UntilAsync("the other port is served", async () =>
                (await lab.From(client).RunAsync("curl", "-s", "--noproxy", "*", "--max-time", "2", $"http://{lab.Servers[0]}:9153/hostname")).Output == "b");
            foreach (var transport in (string[])["+notcp", "+tcp"])
            {
                Assert.Equal([lab.ClusterIp("web")], (await lab.From(client).AskAsync(Resolver.Dig, Web, "A", transport)).Of("A"));
            }
        }
    }

    /// <summary>Neither do they learn names, nor is anybody flooded in their name: the answer is no longer than the question.</summary>
    [Theory]
    [EveryTool]
    [Conformance("dns", "Where it is served")]
    public async Task Strangers_AreRefused(Resolver by)
    {
        foreach (var (server, via) in lab.Servers.Zip([lab.NodeIp(1), lab.NodeIp(1, IpFamily.V6)]))
        {
            await lab.From("host/outside").RunAsync("ip", "route", "replace", server, "via", via);
            foreach (var transport in (string[])["+notcp", "+tcp"])
            {
                var replies = await lab.From("host/outside").AskAllAsync(by, [(Web, "A"), ("www.example", "A")], ["@" + server, transport, .. Once(by)]);
                Assert.All(replies, static reply => Assert.Equal("REFUSED", reply.Status));
                Assert.All(replies, static reply => Assert.Empty(reply.Answers.Concat(reply.Authorities)));
            }
        }

        Assert.Equal("REFUSED", (await lab.From("host/outside").AskAsync(by, Web, "A", ["@" + lab.NodeIp(2), .. Once(by)])).Status);
    }

    [Theory]
    [EveryTool]
    [Conformance("dns", "Where it is served")]
    public async Task LinkLocalAddress_IsServed_WhenTheConfigSaysSo(Resolver by)
    {
        foreach (var place in (string[])["client2", "host2", "node/node2"])
        {
            Assert.Equal([lab.ClusterIp("web")], (await lab.From(place).AskAsync(by, Web, "A", "@" + DnsLab.LinkLocal)).Of("A"));
            Assert.Equal([lab.ClusterIp("web", IpFamily.V6)], (await lab.From(place).AskAsync(by, Web, "AAAA", "@" + DnsLab.LinkLocal, "+tcp")).Of("AAAA"));
        }

        Assert.Equal(DnsReply.Silence, (await lab.From("client1").AskAsync(Resolver.Dig, Web, "A", ["@" + DnsLab.LinkLocal, .. Once(Resolver.Dig)])).Status);
    }

    [Theory]
    [EveryTool]
    [Conformance("dns", "Where it is served")]
    public async Task NodeAddress_IsServed_WhenTheConfigSaysSo_ForPodsOfEveryNode(Resolver by)
    {
        foreach (var place in (string[])["client1", "client2", "client3", "node/node3", "host2"])
        {
            Assert.Equal([lab.ClusterIp("web")], (await lab.From(place).AskAsync(by, Web, "A", "@" + lab.NodeIp(2))).Of("A"));
            Assert.Equal([lab.ClusterIp("web")], (await lab.From(place).AskAsync(by, Web, "A", "@" + lab.NodeIp(2, IpFamily.V6), "+tcp")).Of("A"));
        }

        Assert.Equal(DnsReply.Silence, (await lab.From("client3").AskAsync(Resolver.Dig, Web, "A", ["@" + lab.NodeIp(1), .. Once(Resolver.Dig)])).Status);
    }

    /// <summary>One attempt, and not a long one.</summary>
    private static string[] Once(Resolver by) => by == Resolver.Dig ? ["+time=1", "+tries=1"] : ["+time=1", "+retry=0"];
}

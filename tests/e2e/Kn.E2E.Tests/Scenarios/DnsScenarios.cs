using Kn.E2E.Tests.Framework;
using Kn.Lab.Demo;

namespace Kn.E2E.Tests.Scenarios;

/// <summary>Cluster DNS as pods' own resolvers see it: dig and glibc's getaddrinfo, with the resolv.conf that a kubelet gives.</summary>
public abstract class DnsScenarios(LabFixture lab)
{
    private const string Zone = "svc.cluster.local";

    [Scenario]
    public async Task Service_IsFoundByItsShortName_FromEveryNode_AndReachedAtOnce()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("a", "node1", "{app: web}");
        foreach (var node in (string[])["node1", "node2", "node3"])
        {
            await space.EchoPodAsync("client-" + node, node);
        }

        var addresses = await space.ServiceAsync("web");
        foreach (var node in (string[])["node1", "node2", "node3"])
        {
            var client = "client-" + node;
            await UntilAsync($"the name on {node}", string.Join(' ', addresses.Select(static address => address.ToString()).Order(StringComparer.Ordinal)), () => HostsAsync(space, client, "web"));
            Assert.Equal(await HostsAsync(space, client, "web"), await HostsAsync(space, client, $"web.{space.Name}"));
            Assert.Equal(await HostsAsync(space, client, "web"), await HostsAsync(space, client, $"web.{space.Name}.{Zone}"));
            Assert.Equal("", await HostsAsync(space, client, "nobody"));
            Assert.Equal("a", await lab.InPod(space.Name, client).GetAsync(addresses[0], 80, "/hostname", CancellationToken.None));
            Assert.Equal($"0 100 80 web.{space.Name}.{Zone}.", await DigAsync(space, client, $"_http._tcp.web.{space.Name}.{Zone}", "SRV"));
            Assert.Equal($"web.{space.Name}.{Zone}.", await DigAsync(space, client, "-x", addresses[0].ToString()));
            Assert.Equal($"web.{space.Name}.{Zone}.", await DigAsync(space, client, "-x", addresses[1].ToString()));
        }
    }

    [Scenario]
    public async Task HeadlessService_NamesItsReadyPods_ByHostnameAndSubdomain()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var pod = await space.EchoPodAsync("db-0", "node1", "{app: db}", "hostname: db-0, subdomain: db,");
        await space.EchoPodAsync("client", "node2");
        await space.ServiceAsync("db", more: "clusterIP: None,");
        var own = string.Join(' ', DemoCluster.AddressesOf(pod).Select(static address => address.ToString()).Order(StringComparer.Ordinal));
        await UntilAsync("the Service's endpoints", own, () => HostsAsync(space, "client", "db"));
        Assert.Equal(own, await HostsAsync(space, "client", "db-0.db"));
        Assert.Equal($"0 100 8080 db-0.db.{space.Name}.{Zone}.", await DigAsync(space, "client", $"_http._tcp.db.{space.Name}.{Zone}", "SRV"));
        await space.DeletePodAsync("db-0");
        await UntilAsync("the name is gone", "", () => HostsAsync(space, "client", "db"));
    }

    [Scenario]
    public async Task ExternalName_AndOtherTransports_AreServed()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("client", "node3");
        var addresses = await space.ServiceAsync("web");
        await space.ApplyAsync($"{{apiVersion: v1, kind: Service, metadata: {{name: alias}}, spec: {{type: ExternalName, externalName: web.{space.Name}.{Zone}}}}}");
        await UntilAsync("the alias", string.Join(' ', addresses.Select(static address => address.ToString()).Order(StringComparer.Ordinal)), () => HostsAsync(space, "client", "alias"));
        Assert.Equal(addresses[0].ToString(), await DigAsync(space, "client", "+tcp", $"web.{space.Name}.{Zone}"));
        Assert.Equal("\"1.1.0\"", await DigAsync(space, "client", "dns-version.cluster.local", "TXT"));
    }

    [Scenario]
    public async Task AgentThatIsKilled_LosesNoNameThatAClientAsksTwiceFor()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("client", "node1");
        var addresses = await space.ServiceAsync("web");
        await UntilAsync("the name", addresses[0].ToString(), () => DigAsync(space, "client", $"web.{space.Name}.{Zone}"));
        for (var round = 0; round < 3; round++)
        {
            var starts = lab.Status.Nodes[0].AgentStarts;
            await lab.LabAsync("agent", "kill", "node1");

            // As glibc and musl: 5 s for an answer, two tries.
            Assert.Equal(addresses[0].ToString(), (await DigAsync(space, "client", "+time=5", "+tries=2", $"web.{space.Name}.{Zone}")).Split('\n')[^1]);
            await LabFixture.UntilAsync("the agent is back", () => Task.FromResult(lab.Status.Nodes[0] is { AgentPid: > 0 } node && node.AgentStarts > starts));
        }
    }

    /// <summary>What glibc's getaddrinfo finds, both families, by the pod's own resolv.conf.</summary>
    private async Task<string> HostsAsync(ScenarioSpace space, string pod, string name)
    {
        var v4 = await lab.ExecAsync(space.Name, pod, "getent", "ahostsv4", name);
        var v6 = await lab.ExecAsync(space.Name, pod, "getent", "ahostsv6", name);
        return string.Join(' ', (v4.Output + v6.Output).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => line.Split(' ', 2)[0])
            .Where(static text => !text.StartsWith("::ffff:", StringComparison.Ordinal))
            .Distinct()
            .Order(StringComparer.Ordinal));
    }

    private async Task<string> DigAsync(ScenarioSpace space, string pod, params string[] question) =>
        (await lab.ExecAsync(space.Name, pod, ["dig", "+short", .. question])).Output.Trim();

    private static async Task UntilAsync(string what, string expected, Func<Task<string>> askAsync)
    {
        var last = "";
        await LabFixture.UntilAsync($"{what} ({expected})", async () => (last = await askAsync()) == expected);
        Assert.Equal(expected, last);
    }
}

/// <summary>The scenarios on the lab's own API server.</summary>
[Collection(OwnServerGroup.Name)]
public sealed class DnsOnOwnServer(OwnServerLab lab) : DnsScenarios(lab);

/// <summary>The same on a real one.</summary>
[Collection(RealServerGroup.Name)]
public sealed class DnsOnRealServer(RealServerLab lab) : DnsScenarios(lab);

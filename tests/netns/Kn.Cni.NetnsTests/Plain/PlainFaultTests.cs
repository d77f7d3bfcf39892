using System.Text;
using System.Text.Json.Nodes;
using Kn.Cni.Plain;
using Kn.Cni.Protocol;
using Kn.Hosting.Control;
using Kn.Linux;

namespace Kn.Cni.NetnsTests.Plain;

/// <summary>Networks without an agent when things go wrong. Needs root and Debian's containernetworking-plugins.</summary>
public sealed class PlainFaultTests
{
    public static TheoryData<string, string> Steps()
    {
        var data = new TheoryData<string, string>();
        foreach (var step in Enum.GetNames<PlainStep>())
        {
            data.Add("routed", step);
            data.Add("bridge", step);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task AFailureAtAnyStep_LeavesNothing(string attachment, string step)
    {
        using var host = new PlainHost();
        var container = host.CreateContainer();
        Assert.Throws<LinuxException>(() => Add(host, attachment, step, container));
        Assert.Equal("", await host.LeftoversAsync());
        Assert.NotEqual(0, (await Run.TryAsync($"ip -n {container} link show eth0")).ExitCode);
        host.Add(host.Config(more: $$"""{"attachment":"{{attachment}}"}"""), "c1", container);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task WhatAKilledProcessLeaves_GoesWithDel_AndWithGc(string attachment, string step)
    {
        using var host = new PlainHost();
        var config = host.Config(more: $$"""{"attachment":"{{attachment}}"}""");
        for (var round = 0; round < 2; round++)
        {
            var container = host.CreateContainer();
            // A killed process undoes nothing.
            Assert.Throws<KilledException>(() => Add(host, attachment, step, container, isKilled: true));
            if (round == 0)
            {
                host.Delete(config, "c1", container);
            }
            else
            {
                Collect(host, config);
            }

            Assert.Equal("", await host.LeftoversAsync());
        }
    }

    [Fact]
    public async Task Gc_RemovesWhatIsNotValid_AndNothingElse()
    {
        using var host = new PlainHost();
        var config = host.Config(more: """{"runtimeConfig":{"portMappings":[{"hostPort":8080,"containerPort":80}]}}""");
        var other = host.Config(more: """{"name":"other"}""");
        other["ipam"]!["subnet"] = "10.11.0.0/16";
        host.Add(config, "gone");
        var (kept, result) = host.Add(host.Config(), "kept");
        host.Add(other, "c9");
        Collect(host, config, "kept");
        Assert.Equal(["10.10.0.3"], host.Reservations);
        var left = await host.LeftoversAsync();
        Assert.Contains("10.11.0.2", left, StringComparison.Ordinal);
        Assert.DoesNotContain("10.10.0.2", left, StringComparison.Ordinal);
        Assert.DoesNotContain("8080", left, StringComparison.Ordinal);
        Assert.Equal("", host.Call("CHECK", host.Config(), "kept", kept, result).Message);
    }

    public static TheoryData<string, string, string> Breakages() => new()
    {
        { "routed", "ip -n CONTAINER addr del 10.10.0.2/32 dev eth0", "10.10.0.2" },
        { "routed", "ip -n CONTAINER route del default", "default route" },
        { "routed", "ip -n CONTAINER link set eth0 down", "eth0 is down" },
        { "routed", "ip -n CONTAINER link del eth0", "eth0 is missing" },
        { "routed", "ip -n HOST route del 10.10.0.2", "route to 10.10.0.2" },
        { "routed", "ip -n HOST neigh flush nud permanent", "neighbour entry" },
        { "routed", "ip netns exec HOST nft flush map inet kn-plain sources4", "not masqueraded" },
        { "routed", "ip netns exec HOST nft delete table inet kn-plain", "not masqueraded" },
        { "routed", "ip netns exec HOST nft flush map inet kn-plain hostports4", "published port" },
        { "routed", "rm DATA/mynet/10.10.0.2", "no address" },
        { "bridge", "ip -n HOST link del kp-mynet", "kp-mynet is missing" },
        { "bridge", "ip -n HOST link set kp-mynet down", "kp-mynet is down" },
        { "bridge", "ip -n HOST addr flush dev kp-mynet", "gateway's address 10.10.0.1" },
        { "bridge", "ip -n HOST link set LINK nomaster", "no port of the bridge" },
        { "bridge", "ip -n HOST link set LINK type bridge_slave hairpin off", "hairpin" },
        { "bridge", "ip -n CONTAINER route del default", "default route" },
    };

    [Theory]
    [MemberData(nameof(Breakages))]
    public async Task Check_FindsWhatIsBroken(string attachment, string command, string mentions)
    {
        using var host = new PlainHost();
        var config = host.Config(more: $$$"""{"attachment":"{{{attachment}}}","runtimeConfig":{"portMappings":[{"hostPort":8080,"containerPort":80}]}}""");
        var (container, result) = host.Add(config, "c1");
        Assert.Equal("", host.Call("CHECK", config, "c1", container, result).Message);
        var link = result["interfaces"]!.AsArray().Select(static item => (string)item!["name"]!).First(static name => name.StartsWith("kp", StringComparison.Ordinal) && name != "kp-mynet");
        await Run.TextAsync(command.Replace("CONTAINER", container, StringComparison.Ordinal).Replace("HOST", host.Name, StringComparison.Ordinal)
            .Replace("LINK", link, StringComparison.Ordinal).Replace("DATA", host.DataDirectory, StringComparison.Ordinal));
        var answer = host.Call("CHECK", config, "c1", container, result);
        Assert.Equal(CniErrorCode.CheckFailed, (CniErrorCode)answer.Code);
        Assert.Contains(mentions, answer.Message + answer.Details, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHundredAtOnce_GetAHundredAddresses_AndLeaveNothing()
    {
        using var host = new PlainHost();
        var config = host.Config(more: """{"attachment":"bridge"}""");
        var results = new string[100];
        Parallel.For(0, results.Length, new ParallelOptions { MaxDegreeOfParallelism = results.Length }, index =>
            results[index] = (string)host.Add(config, $"c{index}", host.CreateContainer())["ips"]![0]!["address"]!);
        Assert.Equal(results.Length, results.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(results.Length, host.Reservations.Length);
        Parallel.For(0, results.Length, new ParallelOptions { MaxDegreeOfParallelism = results.Length }, index =>
        {
            // The last to leave and the first to come meet at the bridge and at the table.
            host.Delete(config, $"c{index}", null);
            if (index % 10 == 0)
            {
                host.Add(config, $"d{index}", host.CreateContainer());
                host.Delete(config, $"d{index}", null);
            }
        });
        Assert.Equal("", await host.LeftoversAsync());
    }

    [Fact]
    public async Task TheReferencePlugin_SharesTheDirectory()
    {
        using var host = new PlainHost();
        var config = host.Config("""{"type":"host-local","subnet":"10.10.0.0/29"}""");
        Assert.Equal("10.10.0.2/32", (string)host.Add(config, "c1").Result["ips"]![0]!["address"]!);
        Assert.Equal("10.10.0.3/29", await ReferenceAsync(host, config, "ADD", "r1"));
        Assert.Equal("10.10.0.4/32", (string)host.Add(config, "c2").Result["ips"]![0]!["address"]!);
        Assert.Equal("10.10.0.5/29", await ReferenceAsync(host, config, "ADD", "r2"));
        await ReferenceAsync(host, config, "DEL", "r1");
        // Each frees what the other reserved; the round goes on where the other left it.
        await ReferenceAsync(host, config, "DEL", "c1");
        host.Delete(config, "r2", null);
        Assert.Equal(["10.10.0.4"], host.Reservations);
        Assert.Equal("10.10.0.6/32", (string)host.Add(config, "c3").Result["ips"]![0]!["address"]!);
        Assert.Equal("10.10.0.2/29", await ReferenceAsync(host, config, "ADD", "r3"));
        Assert.Equal("c3\r\neth0", await File.ReadAllTextAsync(host.DataDirectory + "/mynet/10.10.0.6"));
    }

    [Fact]
    public async Task CleanUp_RemovesEverything_AndTheModulesOwnDoesNot()
    {
        await using var node = new TestNode();
        using var host = new PlainHost();
        host.Add(host.Config(more: """{"runtimeConfig":{"portMappings":[{"hostPort":8080,"containerPort":80}]}}"""), "c1");
        host.Add(host.Config(more: """{"attachment":"bridge"}"""), "c2");
        var before = await host.LeftoversAsync();
        await host.Inside(() => new CniModule(node.Options).CleanupAsync(node.Context, CancellationToken.None));
        Assert.Equal(before, await host.LeftoversAsync());
        Assert.Equal(2, host.Inside(() => PlainCleanup.Run(host.DataDirectory)));
        Assert.Equal("", await host.LeftoversAsync());
        Assert.Equal(0, host.Inside(() => PlainCleanup.Run(host.DataDirectory)));
    }

    [Fact]
    public void AnEmptyReservation_IsGivenOutWhenNothingElseIsLeft()
    {
        using var host = new PlainHost();
        var config = host.Config("""{"type":"host-local","subnet":"10.10.0.0/30"}""");
        Directory.CreateDirectory(host.DataDirectory + "/mynet");
        File.WriteAllText(host.DataDirectory + "/mynet/10.10.0.2", "");
        Assert.Equal("10.10.0.2/32", (string)host.Add(config, "c1").Result["ips"]![0]!["address"]!);
    }

    private static JsonNode? Add(PlainHost host, string attachment, string step, string container, bool isKilled = false)
    {
        var config = host.Config(more: $$"""{"attachment":"{{attachment}}"}""");
        var call = new ControlRequest("cni", PlainHost.Environment("ADD", "c1", container), Encoding.UTF8.GetBytes(config.ToJsonString()));
        return host.Inside(() =>
        {
            var request = CniRequest.Read(call);
            using var attacher = new PlainAttacher
            {
                BeforeStep = at =>
                {
                    if (at.ToString() == step)
                    {
                        throw isKilled ? new KilledException() : new LinuxException("test", Errno.EIO);
                    }
                },
                UndoesFailures = !isKilled,
            };
            attacher.Add(request, request.Config.Plain!);
            return config;
        });
    }

    private static void Collect(PlainHost host, JsonObject config, params string[] valid)
    {
        config = config.DeepClone().AsObject();
        config["cni.dev/valid-attachments"] = new JsonArray([.. valid.Select(static container => new JsonObject { ["containerID"] = container, ["ifname"] = "eth0" })]);
        var answer = host.Call("GC", config, "", null);
        Assert.True(answer.ExitCode == 0, answer.Body?.ToJsonString());
    }

    private static async Task<string> ReferenceAsync(PlainHost host, JsonObject config, string command, string container)
    {
        config = config.DeepClone().AsObject();
        config["cniVersion"] = "0.4.0";
        var script = Path.Combine(host.DataDirectory, "reference.sh");
        await File.WriteAllTextAsync(script, $"""
            export CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_IFNAME=eth0 CNI_NETNS=/run/netns/x CNI_PATH=/usr/lib/cni
            exec /usr/lib/cni/host-local <<'END'
            {config.ToJsonString()}
            END

            """);
        var answer = await Run.TextAsync($"sh {script} {command} {container}");
        return command == "ADD" ? (string)JsonNode.Parse(answer)!["ips"]![0]!["address"]! : "";
    }

    private sealed class KilledException : Exception;
}

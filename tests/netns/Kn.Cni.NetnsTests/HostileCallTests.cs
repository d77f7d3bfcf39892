using System.Text;
using Kn.Hosting.Control;

namespace Kn.Cni.NetnsTests;

/// <summary>Calls that no sane runtime makes, against the real handler and kernel. Needs root.</summary>
public sealed class HostileCallTests
{
    private const int Cases = 3000;

    private static readonly string[] Verbs = ["ADD", "ADD", "ADD", "ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"];

    private static readonly string[] Snippets =
    [
        "null", "-1", "1e999", "{}", "[]", "\"\"", "\"1.1.0\"", "\"9.9.9\"", "true", "\"\\ud800\"", "65536", "\"../../x\"",
        "{\"mtu\":1}", "[{\"containerID\":\"a\",\"ifname\":\"b\"}]", "{\"portMappings\":[{\"hostPort\":99999}]}", "18446744073709551616",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public async Task SpoiledCalls_LeaveNothingBehind(int seed)
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var pod = node.CreatePodNamespace();
        var before = await PodAsync(pod);
        var random = new Random(seed);
        var handler = node.Context.Control.Find(CniModule.Verb)!;
        int attached = 0, refused = 0;
        for (var number = 0; number < Cases; number++)
        {
            var environment = Spoil(Environment(pod, Verbs[random.Next(Verbs.Length)]), random);
            var answer = await handler(new ControlRequest("cni", environment, Spoil(Config(random), random)), CancellationToken.None);
            Assert.InRange(answer.ExitCode, 0, 1);
            if (answer.ExitCode == 1)
            {
                refused++;
                Assert.NotEmpty(System.Text.Json.JsonDocument.Parse(answer.Body).RootElement.GetProperty("msg").GetString()!);
            }
            else if (environment["CNI_COMMAND"] == "ADD")
            {
                // The damage was in a part that does not matter.
                attached++;
                environment["CNI_COMMAND"] = "DEL";
                Assert.Equal(0, (await handler(new ControlRequest("cni", environment, Config(0)), CancellationToken.None)).ExitCode);
            }
        }

        Assert.True(attached > Cases / 100 && refused > Cases / 4, $"{attached} attached, {refused} refused: the cases are not what they should be");
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
        await Poll.UntilAsync(() => node.Context.Metrics.ToPrometheusText().Contains("kn_cni_addresses_used{family=\"ipv4\"} 0", StringComparison.Ordinal));
        Assert.Equal("0", node.Fact("pods"));
        Assert.Equal(before, await PodAsync(pod));
        await node.StopAsync();
        await node.StartAsync();
        Assert.Equal("0", node.Fact("pods"));
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, await node.AddAsync("c1", pod))).Message);
    }

    /// <summary>Links, addresses and routes of the pod; loopback's state aside, which an ADD may have switched on.</summary>
    private static async Task<string> PodAsync(string pod) =>
        string.Join(',', (await Run.JsonAsync($"ip -n {pod} -j link")).Select(static link => (string)link!["ifname"]!))
        + await Run.TextAsync($"ip -n {pod} -o addr show scope global") + await Run.TextAsync($"ip -n {pod} route") + await Run.TextAsync($"ip -n {pod} -6 route show default");

    private static Dictionary<string, string> Environment(string pod, string verb) => new()
    {
        ["CNI_COMMAND"] = verb,
        ["CNI_CONTAINERID"] = "c1",
        ["CNI_NETNS"] = $"/run/netns/{pod}",
        ["CNI_IFNAME"] = "eth0",
        ["CNI_ARGS"] = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=c1",
        ["CNI_PATH"] = "/opt/cni/bin",
    };

    private static byte[] Config(Random random) => Config(random.Next(3));

    private static byte[] Config(int kind) => Encoding.UTF8.GetBytes(kind switch
    {
        0 => """{"cniVersion":"1.1.0","name":"kn","type":"kn"}""",
        1 => """{"cniVersion":"1.0.0","name":"kn","type":"kn","mtu":1400,"dns":{"nameservers":["10.96.0.10"]},"runtimeConfig":{"portMappings":[]}}""",
        _ => """{"cniVersion":"1.1.0","name":"kn","type":"kn","prevResult":{"cniVersion":"1.1.0","interfaces":[{"name":"eth0","sandbox":"/run/netns/x"}],"ips":[{"address":"10.244.1.1/32","interface":0}]},"cni.dev/valid-attachments":[]}""",
    });

    private static Dictionary<string, string> Spoil(Dictionary<string, string> environment, Random random)
    {
        if (random.Next(3) == 0)
        {
            var name = environment.Keys.ElementAt(1 + random.Next(environment.Count - 1));
            environment[name] = random.Next(6) switch
            {
                0 => "",
                1 => "/etc/hostname",
                2 => new string('x', random.Next(5000)),
                3 => environment[name] + (char)random.Next(1, 300),
                4 => environment[name][..random.Next(environment[name].Length)],
                _ => "/proc/self/ns/mnt",
            };
        }

        return environment;
    }

    private static byte[] Spoil(byte[] config, Random random)
    {
        switch (random.Next(5))
        {
            case 0:
                return config[..random.Next(config.Length)];
            case 1:
                config[random.Next(config.Length)] = (byte)random.Next(256);
                return config;
            case 2:
                var text = Encoding.UTF8.GetString(config);
                var colon = text.IndexOf(':', random.Next(text.Length));
                return Encoding.UTF8.GetBytes(colon < 0 ? text : text[..(colon + 1)] + Snippets[random.Next(Snippets.Length)] + text[(text.IndexOfAny([',', '}'], colon) is var end && end > 0 ? end : text.Length)..]);
            case 3:
                random.NextBytes(config);
                return config;
            default:
                return config;
        }
    }
}

using Kn.Primitives;

namespace Kn.Lab.Demo;

/// <summary>The steps that show who reaches whom.</summary>
internal sealed class ReachSteps(DemoCluster cluster, DemoReport report, CancellationToken cancellationToken)
{
    private const int Questions = 90;
    private const int EchoPort = 8080;
    private const int NodePort = 30080;
    private const int NodePortUdp = 30053;

    /// <summary>Pod to pod on the same node, to a node on the same segment and to one behind a router, both families.</summary>
    public async Task PodToPodAsync()
    {
        foreach (var (server, where) in ((string, string)[])[("near", "same node"), ("beside", "other node, same segment: direct"), ("far", "node behind a router: VXLAN")])
        {
            foreach (var family in (IpFamily[])[IpFamily.V4, IpFamily.V6])
            {
                await report.StepAsync($"pod to pod, {where}, {(family == IpFamily.V4 ? "IPv4" : "IPv6")}", "answered, with the client's own address as the source", () => AskPodAsync(server, family));
            }
        }
    }

    /// <summary>Every pod asks every other.</summary>
    public Task EveryPairAsync() => report.StepAsync(
        "every pod to every other, 3 nodes on 2 segments, IPv4 and IPv6", "all answer, and see the asking pod's own address", AskEveryPairAsync);

    /// <summary>Pod to ClusterIP: every endpoint gets its share.</summary>
    public async Task ClusterIpAsync()
    {
        foreach (var address in await cluster.ClusterIpsAsync("echo", cancellationToken))
        {
            await report.StepAsync(
                $"pod to ClusterIP {address}, TCP", $"{Questions} answers, all 3 endpoints among them", () => SpreadAsync(address, 80, isUdp: false));
            await report.StepAsync(
                $"pod to ClusterIP {address}, UDP", $"{Questions} answers, all 3 endpoints among them", () => SpreadAsync(address, 53, isUdp: true));
        }
    }

    /// <summary>From outside to the NodePort of every node, both families.</summary>
    public async Task NodePortAsync()
    {
        foreach (var node in cluster.Status().Nodes)
        {
            foreach (var text in node.Addresses)
            {
                await report.StepAsync($"outside to NodePort of {node.Name}, {text}", "answered over TCP and UDP", () => AskNodePortAsync(IpAddress.Parse(text)));
            }
        }
    }

    private async Task<DemoOutcome> AskPodAsync(string server, IpFamily family)
    {
        var own = DemoCluster.AddressesOf(await cluster.PodAsync("client", cancellationToken)).First(address => address.Family == family);
        var target = DemoCluster.AddressesOf(await cluster.PodAsync(server, cancellationToken)).First(address => address.Family == family);
        var seen = await cluster.InPod("client").GetAsync(target, EchoPort, "/clientip", cancellationToken);
        return new DemoOutcome(seen == own.ToString(), $"{own} asked {target}, which saw {seen}");
    }

    private async Task<DemoOutcome> AskEveryPairAsync()
    {
        string[] servers = ["near", "beside", "far", .. (await cluster.EchoPodsAsync(cancellationToken)).Select(static pod => pod["metadata"]!["name"]!.ToString())];
        var addresses = new Dictionary<string, IReadOnlyList<IpAddress>>(StringComparer.Ordinal);
        foreach (var name in servers.Prepend("client"))
        {
            addresses[name] = DemoCluster.AddressesOf(await cluster.PodAsync(name, cancellationToken));
        }

        var wrong = new List<string>();
        var asked = 0;
        foreach (var client in addresses.Keys)
        {
            var inside = cluster.InPod(client);
            foreach (var target in servers.Where(server => server != client).SelectMany(server => addresses[server]))
            {
                var own = addresses[client].First(address => address.Family == target.Family).ToString();
                var seen = await inside.GetAsync(target, EchoPort, "/clientip", cancellationToken);
                asked++;
                if (seen != own)
                {
                    wrong.Add($"{client} asked {target}, which saw {seen}");
                }
            }
        }

        return new DemoOutcome(wrong.Count == 0, $"{asked - wrong.Count} of {asked} answered so{(wrong.Count > 0 ? ": " + wrong[0] : "")}");
    }

    private async Task<DemoOutcome> SpreadAsync(IpAddress address, int port, bool isUdp)
    {
        var client = cluster.InPod("client");
        var hits = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < Questions; i++)
        {
            var name = isUdp
                ? await client.AskAsync(address, port, "hostname", cancellationToken)
                : await client.GetAsync(address, port, "/hostname", cancellationToken);
            hits[name] = hits.GetValueOrDefault(name) + 1;
        }

        // 90 questions over 3: fewer than 10 for one has odds of about one in a million when each is as likely.
        var isEven = hits.Count == 3 && hits.Values.All(static count => count >= 10);
        return new DemoOutcome(isEven, string.Join(", ", hits.Select(static hit => $"{hit.Key} {hit.Value}")));
    }

    private async Task<DemoOutcome> AskNodePortAsync(IpAddress node)
    {
        var outside = cluster.Outside();
        var tcp = await outside.GetAsync(node, NodePort, "/hostname", cancellationToken);
        var udp = await outside.AskAsync(node, NodePortUdp, "hostname", cancellationToken);
        var names = (await cluster.EchoPodsAsync(cancellationToken)).Select(static pod => pod["metadata"]!["name"]!.ToString()).ToList();
        return new DemoOutcome(names.Contains(tcp) && names.Contains(udp), $"{tcp} over TCP, {udp} over UDP");
    }
}

using System.Text.Json.Nodes;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.LoadBalancers;

/// <summary>What clients of a load-balancer address notice when its node dies, and when its agent restarts: three nodes on a segment, a client on it too.
/// Bars: lb.failover_arp_s 2, lb.restart_lost 0.</summary>
internal static class LbBench
{
    private const string Name = "benchlb";
    private const int Nodes = 3;
    private const int Rounds = 5;

    private const string Config =
        """
        loadBalancer:
          enabled: true
          pools:
          - name: default
            addresses: [192.168.77.100-192.168.77.109]
        """;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    public static void Run(string binaries, Results results)
    {
        var config = Path.Combine(Path.GetTempPath(), $"kn-benchlb-{Environment.ProcessId}.yaml");
        File.WriteAllText(config, Config);
        try
        {
            using var lab = Lab.Up(binaries, Name, "--nodes", $"{Nodes}", "--agent-config", config);
            var address = Prepare(lab);
            using var client = NetworkNamespace.OpenNamed($"{Name}-outside");
            Restarts(lab, binaries, client, address, results);
            FailOvers(lab, binaries, client, address, results);
        }
        finally
        {
            File.Delete(config);
        }
    }

    /// <summary>A Service whose endpoints are on a node that has not the address; returns the address.</summary>
    private static string Prepare(Lab lab)
    {
        var manifest = Path.Combine(lab.Folder, "bench.yaml");
        File.WriteAllText(manifest, Manifest());
        lab.Kubectl("apply", "-f", manifest);
        lab.Kubectl("wait", "--for=condition=Ready", "pod", "--all", $"--timeout={Deadline.TotalSeconds}s");
        var address = "";
        Until("the Service has an address", () => (address = lab.Kubectl("get", "service", "web", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}").Trim()).Length > 0);
        return address;
    }

    private static void Restarts(Lab lab, string binaries, NetworkNamespace client, string address, Results results)
    {
        var lost = 0;
        var count = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var owner = Owner(lab, binaries, address);
            using var stream = new LbStream(client, address);
            stream.Await(100);
            lab.KnLab("agent", "restart", $"node{owner}", "--name", Name);
            Until("the agent announces again", () => IsAnnounced(lab, binaries, owner, address));
            stream.Await(200);
            stream.Stop();
            lost += stream.Lost;
            count += stream.Count;
        }

        Results.Explain($"{Rounds} restarts of the agent of the address's node: {lost} of {count} connections lost");
        results.Add("lb.restart_lost", lost);
    }

    private static void FailOvers(Lab lab, string binaries, NetworkNamespace client, string address, Results results)
    {
        using var underlay = NetworkNamespace.OpenNamed($"{Name}-underlay");
        var outages = new Samples();
        for (var round = 0; round < Rounds; round++)
        {
            var owner = Owner(lab, binaries, address);
            lab.Kubectl("patch", "service", "web", "-p", $"{{\"spec\":{{\"selector\":{{\"node\":\"n{(owner % Nodes) + 1}\"}}}}}}");
            using (var settling = new LbStream(client, address))
            {
                // What is lost while the endpoints change is none of the fail-over's.
                Until("it answers", () => settling.AnswersNow());
                settling.Await(200);
                settling.Stop();
            }

            using var stream = new LbStream(client, address);
            stream.Await(200);
            var before = stream.LongestOutage();
            Plug(underlay, owner, isIn: false);
            Until("it answers again", () => stream.LongestOutage() > before && stream.AnswersNow());
            stream.Stop();
            outages.Add(stream.LongestOutage().TotalSeconds);
            Plug(underlay, owner, isIn: true);
            Until("the node has its address again", () => IsAnnounced(lab, binaries, owner, address) && Owner(lab, binaries, address) == owner);
        }

        Results.Explain($"node's cable pulled, {Rounds} times: median {outages.Median:F2} s");
        results.Add("lb.failover_arp_s", outages.Median);
    }

    private static void Plug(NetworkNamespace underlay, int node, bool isIn) =>
        underlay.Run(() => Spawn.Run("/usr/sbin/ip", ["link", "set", $"node{node}", isIn ? "up" : "down"], ["PATH=/usr/sbin"], []));

    /// <summary>The number of the node that has the address.</summary>
    private static int Owner(Lab lab, string binaries, string address)
    {
        var owner = 0;
        Until("a node has the address", () =>
        {
            List<int> announcing = [.. Enumerable.Range(1, Nodes).Where(node => IsAnnounced(lab, binaries, node, address))];
            owner = announcing.Count == 1 ? announcing[0] : 0;
            return owner > 0;
        });
        return owner;
    }

    private static bool IsAnnounced(Lab lab, string binaries, int node, string address)
    {
        try
        {
            var list = JsonNode.Parse(Lab.Call(Path.Combine(binaries, "kn"), "lb", "list", "-o", "json", "--socket", $"{lab.Folder}/node{node}/run/kn.sock"))!;
            return ((JsonArray)list["addresses"]!).Any(item => (string?)item!["address"] == address && item["interface"] is not null);
        }
        catch (InvalidOperationException)
        {
            // Its agent is not there yet.
            return false;
        }
    }

    private static void Until(string what, Func<bool> condition)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > Deadline)
            {
                throw new InvalidOperationException($"not within {Deadline}: {what}");
            }

            Thread.Sleep(20);
        }
    }

    private static string Manifest()
    {
        var pods = Enumerable.Range(1, Nodes).Select(static node =>
            $"""
            apiVersion: v1
            kind: Pod
            metadata: {"{"}name: web{node}, labels: {"{"}app: web, node: n{node}{"}"}{"}"}
            spec: {"{"}nodeName: node{node}, containers: [{"{"}name: e, image: echo, ports: [{"{"}containerPort: 8080{"}"}]{"}"}]{"}"}
            ---

            """);
        return string.Concat(pods) + "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n";
    }
}

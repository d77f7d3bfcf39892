using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.Control;
using Kn.Lab.Traffic;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;

namespace Kn.Lab.Demo;

/// <summary>The steps in which something is taken away.</summary>
internal sealed class ChangeSteps(DemoCluster cluster, DemoReport report, string kn, CancellationToken cancellationToken)
{
    private const byte KnRouteProtocol = 0x4B;
    private const string Cleaned = "node3";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>An endpoint that lost its label, but still answers, gets no more connections.</summary>
    public Task EndpointRemovedAsync() => report.StepAsync(
        "an endpoint is removed from the Service", "200 questions, none answered by the removed pod, which still runs", RemoveEndpointAsync);

    /// <summary>SIGKILL of every agent in a stream of requests.</summary>
    public Task AgentKilledAsync() => report.StepAsync(
        "every node's agent is killed with SIGKILL in a stream of requests", "not one request fails; the agents come back", KillAgentsAsync);

    /// <summary>kn cleanup on one node.</summary>
    public Task CleanupAsync() => report.StepAsync(
        $"kn cleanup on {Cleaned}", "no table, link, route or file of Kn is left", CleanUpAsync);

    private async Task<DemoOutcome> RemoveEndpointAsync()
    {
        var victim = (await cluster.EchoPodsAsync(cancellationToken))[0];
        var address = DemoCluster.AddressesOf(victim)[0];
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = null } } };
        await cluster.Client.PatchAsync(ApiResources.Pods, DemoCluster.Namespace, victim.Name(), null, patch, PatchKind.Merge, cancellationToken);
        await DemoCluster.UntilAsync(
            $"{address} leaves the EndpointSlices",
            Deadline,
            async () => !(await cluster.ReadyEndpointsAsync("echo", cancellationToken)).Contains(address.ToString()),
            cancellationToken);
        var client = cluster.InPod("client");
        var service = (await cluster.ClusterIpsAsync("echo", cancellationToken))[0];

        // The slice has changed; the node hears of it a moment later. That moment ends when as many answers in a row as make
        // chance unlikely (2/3 to the 30th) came from others.
        var before = 0;
        for (var row = 0; row < 30; row++, before++)
        {
            if (await client.GetAsync(service, 80, "/hostname", cancellationToken) == victim.Name())
            {
                row = 0;
            }
        }

        var late = 0;
        for (var i = 0; i < 200; i++)
        {
            late += await client.GetAsync(service, 80, "/hostname", cancellationToken) == victim.Name() ? 1 : 0;
        }

        var still = await client.GetAsync(address, 8080, "/hostname", cancellationToken);
        return new DemoOutcome(late == 0 && still == victim.Name(), $"{late} of 200 went to {victim.Name()} ({before} questions until it had settled), which itself answers '{still}'");
    }

    private async Task<DemoOutcome> KillAgentsAsync()
    {
        var client = cluster.InPod("client");
        var service = (await cluster.ClusterIpsAsync("echo", cancellationToken))[0];
        var starts = cluster.Status().Nodes.ToDictionary(static node => node.Name, static node => node.AgentStarts, StringComparer.Ordinal);
        await using var stream = new RequestStream(token => client.GetAsync(service, 80, "/hostname", token), parallel: 4, TimeSpan.FromMilliseconds(2));
        await stream.AwaitMoreAsync(100, cancellationToken);
        foreach (var node in starts.Keys)
        {
            ControlClient.Ask(cluster.Options, "agent", "kill", node);
        }

        await DemoCluster.UntilAsync(
            "the agents come back",
            Deadline,
            () => Task.FromResult(cluster.Status().Nodes.All(node => node.AgentStarts > starts[node.Name] && node.AgentPid > 0)),
            cancellationToken);
        await stream.AwaitMoreAsync(500, cancellationToken);
        await stream.StopAsync();
        var failures = stream.Failures;
        return new DemoOutcome(failures.Count == 0, $"{failures.Count} of {stream.Count} requests failed{(failures.Count > 0 ? ": " + failures.First() : "")}");
    }

    private async Task<DemoOutcome> CleanUpAsync()
    {
        ControlClient.Ask(cluster.Options, "agent", "stop", Cleaned);
        var folder = cluster.Status().Nodes.First(static node => node.Name == Cleaned).Folder;
        var result = await cluster.OnNodeAsync(Cleaned, [kn, "cleanup", "--config", Path.Combine(folder, "kn.yaml")], cancellationToken);
        if (result.ExitCode != 0)
        {
            return new DemoOutcome(false, $"kn cleanup exited with {result.ExitCode}: {result.Errors.Trim()}");
        }

        var left = await LeftOversAsync(cluster, Cleaned, folder, cancellationToken);
        return new DemoOutcome(left.Count == 0, left.Count == 0 ? "nothing is left" : "left: " + string.Join(", ", left));
    }

    /// <summary>What of Kn is on a node: tables, links, routes, files.</summary>
    internal static async Task<IReadOnlyList<string>> LeftOversAsync(DemoCluster cluster, string node, string folder, CancellationToken cancellationToken)
    {
        using var inside = NetworkNamespace.OpenNamed($"{cluster.Options.Name}-{node}");
        using var routes = RouteSocket.Open(inside);
        var links = routes.ReadLinks().Where(static link => link.Name.StartsWith("kn", StringComparison.Ordinal)).Select(static link => "link " + link.Name);
        var ours = routes.ReadRoutes(new RouteFilter(Protocol: KnRouteProtocol)).Select(static route => $"route {route}");
        var tables = (await cluster.OnNodeAsync(node, ["nft", "list", "tables"], cancellationToken)).Output
            .Split('\n').Where(static line => line.Contains(" kn-", StringComparison.Ordinal));
        var files = ((string[])["state", "run", "cni"])
            .Select(name => Path.Combine(folder, name))
            .Where(Directory.Exists)
            .SelectMany(static path => Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories))
            .Select(static path => "file " + path);
        return [.. links, .. ours, .. tables, .. files];
    }
}

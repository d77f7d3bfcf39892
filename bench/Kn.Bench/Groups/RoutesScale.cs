using System.Diagnostics;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Bench.Groups;

/// <summary>A thousand nodes: all of them from nothing, and one of them.</summary>
internal static class RoutesScale
{
    private const int Nodes = 1000;
    private const int FullRounds = 5;
    private const int ChangeRounds = 40;
    private const byte KnProtocol = 75;
    private const string Tunnel = "kn-vxlan";
    private static readonly (string, string) Latency = ("kn_reconcile_latency_seconds", """{module="routes",target="podCidrRoutes"}""");
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    public static void Run(string binaries, Results results)
    {
        using var lab = Lab.Up(binaries, "benchroutes");
        using var node = lab.OpenNode();
        using var feed = new NodeFeed($"{lab.Folder}/api/kubeconfig");
        for (var number = 1; number <= Nodes; number++)
        {
            feed.CreateAsync(number, number).GetAwaiter().GetResult();
        }

        using var socket = RouteSocket.Open(node);
        Await("the agent has all nodes", () => IsWhole(socket));
        var (full, pod) = Full(lab, socket);
        Results.Explain($"{Nodes} nodes: {2 * Nodes} routes, {2 * Nodes} neighbours, {Nodes} FDB entries; agent from its start until all is in place, median of {FullRounds}: "
            + $"{full.Median:F3} s, slowest {full.Quantile(1):F3} s; the same entries by 'ip -batch' and 'bridge -batch': {pod.Median:F3} s");
        results.Add("routes.full_1000_nodes", full.Median);
        var (sent, seen) = OneChange(feed, node);
        Results.Explain($"one podCIDR, medians of {ChangeRounds}: {seen.Median * 1e3:F2} ms from the watch event to the kernel (slowest {seen.Quantile(1) * 1e3:F2}), "
            + $"{sent.Median * 1e3:F2} ms from before the request was sent until the kernel has told of the routes");
        results.Add("routes.one_change", seen.Median);
    }

    /// <summary>The agent starts without a route, a tunnel or a snapshot of the cluster; its own clock counts from the start of its process.</summary>
    private static (Samples Full, Samples HandMade) Full(Lab lab, RouteSocket socket)
    {
        Samples full = new(), handMade = new();
        for (var round = 0; round < FullRounds; round++)
        {
            lab.Agent("stop");
            var batch = HandMadeBatch(socket);
            Wipe(socket);
            handMade.Add(Replay(lab, batch));
            Wipe(socket);
            foreach (var snapshot in Directory.EnumerateFiles($"{lab.NodeFolder}/state", "*snapshot*"))
            {
                File.Delete(snapshot);
            }

            lab.Agent("start");
            double? seconds = null;
            Await("the agent is in place", () => (seconds = Started(lab)) is not null);
            if (!IsWhole(socket))
            {
                throw new InvalidOperationException("the agent says that all is in place, but the kernel has less");
            }

            full.Add(seconds!.Value);
        }

        return (full, handMade);
    }

    private static double? Started(Lab lab)
    {
        try
        {
            return lab.Status()["startSeconds"]?.GetValue<double>();
        }
        catch (InvalidOperationException)
        {
            return null; // Not listening yet.
        }
    }

    private static bool IsWhole(RouteSocket socket) =>
        socket.FindLink(Tunnel) is { } link
        && Ours(socket).Count(route => route.LinkIndex == link.Index) == 2 * Nodes
        && socket.ReadFdb(link.Index).Count(static entry => entry.Remote is not null) == Nodes
        && Neighbours(socket, link).Count == 2 * Nodes;

    private static List<Route> Ours(RouteSocket socket) =>
        [.. socket.ReadRoutes(new RouteFilter(Table: RouteTable.Main, Protocol: KnProtocol)).Where(static route => route.Gateway is not null)];

    private static List<Neighbour> Neighbours(RouteSocket socket, Link link) =>
        [.. socket.ReadNeighbours(new NeighbourFilter(LinkIndex: link.Index)).Where(static neighbour => neighbour.State == NeighbourStates.Permanent)];

    private static void Wipe(RouteSocket socket)
    {
        socket.Apply([.. Ours(socket).Select(static RouteChange (route) => new RemoveRoute(route))]);
        if (socket.FindLink(Tunnel) is { } link)
        {
            socket.RemoveLink(link.Index);
        }
    }

    /// <summary>What is in the kernel now, as a person would type it.</summary>
    private static (string Ip, string Bridge) HandMadeBatch(RouteSocket socket)
    {
        var link = socket.FindLink(Tunnel)!;
        var lines = new List<string>();
        lines.AddRange(Neighbours(socket, link).Select(static neighbour => $"neigh replace {neighbour.Address} lladdr {neighbour.Mac} dev {Tunnel} nud permanent"));
        lines.AddRange(Ours(socket).Where(route => route.LinkIndex == link.Index).Select(static route =>
            $"route replace {route.Destination} via {route.Gateway} dev {Tunnel} metric {route.Metric} proto {KnProtocol}{(route.Destination.Family == IpFamily.V4 ? " onlink" : "")}"));
        var bridge = socket.ReadFdb(link.Index).Where(static entry => entry.Remote is not null).Select(static entry => $"fdb replace {entry.Mac} dev {Tunnel} dst {entry.Remote} self permanent");
        return (string.Join('\n', lines) + "\n", string.Join('\n', bridge) + "\n");
    }

    private static double Replay(Lab lab, (string Ip, string Bridge) batch)
    {
        var (ip, bridge) = (Path.Combine(lab.Folder, "ip.batch"), Path.Combine(lab.Folder, "bridge.batch"));
        File.WriteAllText(ip, batch.Ip);
        File.WriteAllText(bridge, batch.Bridge);
        using var node = lab.OpenNode();
        return node.Run(() =>
        {
            Call("/sbin/ip", ["link", "add", Tunnel, "type", "vxlan", "id", "75", "dstport", "4789", "nolearning"]);
            Call("/sbin/ip", ["link", "set", Tunnel, "up"]);
            return Call("/sbin/ip", ["-batch", ip]) + Call("/sbin/bridge", ["-batch", bridge]);
        });
    }

    private static double Call(string path, string[] words)
    {
        var result = Spawn.Run(path, words, ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], []);
        return result.ExitCode == 0 ? result.Elapsed.TotalSeconds : throw new InvalidOperationException($"{path} {string.Join(' ', words)}: exit {result.ExitCode}: {result.Output}");
    }

    /// <summary>A podCIDR cannot be changed in the API: the Node is deleted and comes back with another. Timed is its coming back, by the agent's own
    /// clock from the watch event's arrival until the kernel has it, and from outside, until the kernel tells of the routes.</summary>
    private static (Samples Sent, Samples Seen) OneChange(NodeFeed feed, NetworkNamespace node)
    {
        Samples sent = new(), seen = new();
        var metrics = new AgentMetrics(node);
        var routes = new Dictionary<IpPrefix, long>();
        using var monitor = RouteMonitor.Open(RouteMonitorGroups.Routes, node, change =>
        {
            if (change is RouteChangeEvent { IsRemoved: false } route)
            {
                Note(routes, route.Route.Destination);
            }

            return false;
        });
        for (var round = 0; round < ChangeRounds; round++)
        {
            var number = 1 + (round * 20);
            var (v4, v6) = (IpPrefix.Parse(NodeFeed.PodCidrV4(Nodes + 1 + round)), IpPrefix.Parse(NodeFeed.PodCidrV6(Nodes + 1 + round)));
            var before = metrics.Read();
            feed.DeleteAsync(number).GetAwaiter().GetResult();
            metrics.WaitForNext(before, Latency, Deadline);
            before = metrics.Read();
            var start = Stopwatch.GetTimestamp();
            feed.CreateAsync(number, Nodes + 1 + round).GetAwaiter().GetResult();
            seen.Add(metrics.WaitForNext(before, Latency, Deadline));
            Await("the changed podCIDR is in the kernel", () => Find(routes, v4) is not null && Find(routes, v6) is not null);
            sent.Add(Stopwatch.GetElapsedTime(start, Math.Max(Find(routes, v4)!.Value, Find(routes, v6)!.Value)).TotalSeconds);
        }

        return (sent, seen);
    }

    private static void Note<T>(Dictionary<T, long> times, T what)
        where T : notnull
    {
        var now = Stopwatch.GetTimestamp();
        lock (times)
        {
            times.TryAdd(what, now);
        }
    }

    private static long? Find<T>(Dictionary<T, long> times, T what)
        where T : notnull
    {
        lock (times)
        {
            return times.TryGetValue(what, out var time) ? time : null;
        }
    }

    private static void Await(string what, Func<bool> isSo)
    {
        var waited = Stopwatch.StartNew();
        while (!isSo())
        {
            if (waited.Elapsed > Deadline)
            {
                throw new InvalidOperationException($"{what}: not within {Deadline.TotalSeconds} s");
            }

            Thread.Sleep(10);
        }
    }
}

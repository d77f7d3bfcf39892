namespace Kn.Bench.Groups;

/// <summary>Routes between nodes. Bars: routes.full_1000_nodes 1.0 s, routes.one_change 0.005 s, routes.throughput_direct and
/// routes.throughput_vxlan 0.97.</summary>
internal static class RoutesBench
{
    public static void Run(string binaries, Results results)
    {
        RoutesScale.Run(binaries, results);
        results.Add("routes.throughput_direct", RoutesThroughput.Compare(binaries, isVxlan: false));
        results.Add("routes.throughput_vxlan", RoutesThroughput.Compare(binaries, isVxlan: true));
    }
}

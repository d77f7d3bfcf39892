using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>Which routes to read; null leaves a property open. The kernel does the filtering.</summary>
/// <param name="Family">One family.</param>
/// <param name="Table">One table.</param>
/// <param name="Protocol">Made by this RTPROT_* number.</param>
/// <param name="LinkIndex">Sent by this link.</param>
public sealed record RouteFilter(IpFamily? Family = null, RouteTable? Table = null, byte? Protocol = null, int? LinkIndex = null)
{
    internal bool Matches(Route route) =>
        (Family is null || route.Destination.Family == Family)
        && (Table is null || route.Table == Table)
        && (Protocol is null || route.Protocol == Protocol)
        && (LinkIndex is null || route.LinkIndex == LinkIndex || ContainsHop(route, LinkIndex.Value));

    private static bool ContainsHop(Route route, int index)
    {
        foreach (var hop in route.NextHops)
        {
            if (hop.LinkIndex == index)
            {
                return true;
            }
        }

        return false;
    }
}

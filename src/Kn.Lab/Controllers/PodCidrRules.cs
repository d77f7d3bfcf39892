using Kn.Primitives;

namespace Kn.Lab.Controllers;

/// <summary>Which prefixes a node gets. Pure.</summary>
internal static class PodCidrRules
{
    private const int NodeMaskV4 = 24;
    private const int NodeMaskV6 = 64;

    /// <summary>The first free block of every cluster prefix; null when one of them has none left.</summary>
    public static IReadOnlyList<IpPrefix>? Choose(IEnumerable<IpPrefix> clusterPrefixes, IReadOnlyCollection<IpPrefix> used)
    {
        var chosen = new List<IpPrefix>();
        foreach (var prefix in clusterPrefixes)
        {
            if (FirstFree(prefix, used) is not { } free)
            {
                return null;
            }

            chosen.Add(free);
        }

        return chosen;
    }

    private static IpPrefix? FirstFree(IpPrefix cluster, IReadOnlyCollection<IpPrefix> used)
    {
        var length = Math.Max(cluster.Family == IpFamily.V4 ? NodeMaskV4 : NodeMaskV6, (int)cluster.Length);
        var step = (UInt128)1 << (cluster.Address.BitCount - length);
        var blocks = (UInt128)1 << (length - cluster.Length);
        for (UInt128 i = 0; i < blocks; i++)
        {
            var candidate = new IpPrefix(cluster.Address.Add(step * i), length);
            if (!used.Any(candidate.Overlaps))
            {
                return candidate;
            }
        }

        return null;
    }
}

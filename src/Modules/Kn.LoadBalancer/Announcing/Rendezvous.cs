using System.Text;
using Kn.Primitives;

namespace Kn.LoadBalancer.Announcing;

/// <summary>Highest random weight: everybody who knows the same nodes gives an address to the same one, and a node that goes or comes moves only
/// addresses that it had, or now has.</summary>
/// <remarks>Thaler, Ravishankar: Using name-based mappings to increase hit rates, IEEE/ACM Transactions on Networking 6(1), 1998.</remarks>
internal static class Rendezvous
{
    /// <summary>The nodes of the greatest weights, greatest first.</summary>
    public static IReadOnlyList<string> Top(IpAddress address, IReadOnlyList<string> nodes, int count)
    {
        var best = new List<(ulong Weight, string Node)>(count + 1);
        foreach (var node in nodes)
        {
            var weight = Weight(address, node);
            if (best.Count == count && !IsBefore((weight, node), best[^1]))
            {
                continue;
            }

            var at = best.Count;
            while (at > 0 && IsBefore((weight, node), best[at - 1]))
            {
                at--;
            }

            best.Insert(at, (weight, node));
            if (best.Count > count)
            {
                best.RemoveAt(count);
            }
        }

        return [.. best.Select(static entry => entry.Node)];
    }

    private static bool IsBefore((ulong Weight, string Node) one, (ulong Weight, string Node) other) =>
        one.Weight != other.Weight ? one.Weight > other.Weight : string.CompareOrdinal(one.Node, other.Node) < 0;

    /// <summary>FNV-1a over the node's name and the address's bytes, then mixed, since FNV's high bits hardly know the last bytes.</summary>
    internal static ulong Weight(IpAddress address, string node)
    {
        const ulong Prime = 0x100000001b3;
        var hash = 0xcbf29ce484222325UL;
        Span<byte> bytes = stackalloc byte[512];
        var length = Encoding.UTF8.GetBytes(node.AsSpan(0, Math.Min(node.Length, 128)), bytes);
        length += address.WriteBytes(bytes[length..]);
        foreach (var value in bytes[..length])
        {
            hash = (hash ^ value) * Prime;
        }

        // The finalizer of MurmurHash3.
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }
}

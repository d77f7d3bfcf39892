using Kn.Primitives;

namespace Kn.Dns.Serving;

/// <summary>Who may ask: pods, nodes, whom the config names, and the node's own processes. Thread-safe; read for every query.</summary>
/// <param name="configured">Who may ask before the cluster has said who its pods and nodes are.</param>
internal sealed class ClientRules(IEnumerable<IpPrefix> configured)
{
    private Ranges _ranges = Ranges.Of(configured);
    private IpAddress[] _own = [];
    private bool _areKnown;

    /// <summary>Nobody may ask yet.</summary>
    public ClientRules()
        : this([])
    {
    }

    /// <summary>False before the cluster is known: whoever may not ask may be one of its pods all the same.</summary>
    public bool AreKnown => Volatile.Read(ref _areKnown);

    /// <summary>Takes other clients in place of those before.</summary>
    public void Set(IEnumerable<IpPrefix> prefixes)
    {
        Volatile.Write(ref _ranges, Ranges.Of(prefixes));
        Volatile.Write(ref _areKnown, true);
    }

    /// <summary>Takes the addresses that are served: a process of the node that asks one of them asks from it.</summary>
    public void SetOwn(IEnumerable<IpAddress> addresses) => Volatile.Write(ref _own, [.. addresses]);

    /// <summary>True for an address that is served.</summary>
    public bool IsServed(in IpAddress address) => Volatile.Read(ref _own).AsSpan().Contains(address);

    /// <summary>True for the node's own processes, which have no limits either.</summary>
    public bool IsOwn(in IpAddress client) => client.IsLoopback || IsServed(client);

    /// <summary>Whether the client may ask.</summary>
    public bool Allows(in IpAddress client) => IsOwn(client) || Volatile.Read(ref _ranges).Contains(client);

    /// <summary>Prefixes as ranges that do not touch, by family, in order.</summary>
    private sealed class Ranges
    {
        private readonly uint[] _firstV4;
        private readonly uint[] _lastV4;
        private readonly UInt128[] _firstV6;
        private readonly UInt128[] _lastV6;

        private Ranges(List<(UInt128 First, UInt128 Last)> v4, List<(UInt128 First, UInt128 Last)> v6)
        {
            _firstV4 = [.. v4.Select(static range => (uint)range.First)];
            _lastV4 = [.. v4.Select(static range => (uint)range.Last)];
            _firstV6 = [.. v6.Select(static range => range.First)];
            _lastV6 = [.. v6.Select(static range => range.Last)];
        }

        public static Ranges Of(IEnumerable<IpPrefix> prefixes)
        {
            var all = prefixes.ToList();
            return new Ranges(Merge(all, IpFamily.V4), Merge(all, IpFamily.V6));
        }

        public bool Contains(in IpAddress address)
        {
            if (address.Family == IpFamily.V4)
            {
                var number = (uint)address.Number;
                var at = Array.BinarySearch(_firstV4, number);
                at = at < 0 ? ~at - 1 : at;
                return at >= 0 && number <= _lastV4[at];
            }

            var index = Array.BinarySearch(_firstV6, address.Number);
            index = index < 0 ? ~index - 1 : index;
            return index >= 0 && address.Number <= _lastV6[index];
        }

        private static List<(UInt128 First, UInt128 Last)> Merge(List<IpPrefix> prefixes, IpFamily family)
        {
            var merged = new List<(UInt128 First, UInt128 Last)>();
            foreach (var prefix in prefixes.Where(prefix => prefix.Family == family).OrderBy(static prefix => prefix))
            {
                var (first, last) = (prefix.Address.Number, prefix.Last.Number);
                if (merged.Count > 0 && (first <= merged[^1].Last || first - 1 == merged[^1].Last))
                {
                    merged[^1] = (merged[^1].First, UInt128.Max(merged[^1].Last, last));
                }
                else
                {
                    merged.Add((first, last));
                }
            }

            return merged;
        }
    }
}

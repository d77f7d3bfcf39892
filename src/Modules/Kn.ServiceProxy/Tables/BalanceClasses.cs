using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.ServiceProxy.Tables;

/// <summary>The classes that have a chain in the table. Chains are made when a class is first used and stay.</summary>
internal sealed class BalanceClasses
{
    /// <summary>Lengths whose chains a new table has from the start, whether they are in use or not. Making one later costs the kernel 10 ms or so
    /// at 50,000 endpoints, once; each that is there costs every new endpoint a look, as the kernel checks an element for all rules that use its map.</summary>
    public const int PreparedLengths = 8;

    private readonly Dictionary<uint, BalanceClass> _known;
    private readonly SortedDictionary<int, uint> _affinityKinds = [];

    private BalanceClasses(IEnumerable<KeyValuePair<uint, BalanceClass>> known)
    {
        _known = new(known);
        foreach (var (number, balanceClass) in _known)
        {
            if (balanceClass.AffinitySeconds != 0)
            {
                _affinityKinds[balanceClass.AffinitySeconds] = BalanceClass.KindOf(number);
            }
        }
    }

    /// <summary>The classes of a table that is there.</summary>
    public static BalanceClasses Of(IReadOnlyDictionary<uint, BalanceClass> known) => new(known);

    /// <summary>The classes that a new table begins with; they are part of the edit.</summary>
    public static BalanceClasses Prepare(TableEdit edit)
    {
        var classes = new BalanceClasses([]);
        foreach (var family in new[] { IpFamily.V4, IpFamily.V6 })
        {
            foreach (var protocol in new[] { IpProtocol.Tcp, IpProtocol.Udp })
            {
                for (var length = 1; length <= PreparedLengths; length++)
                {
                    classes.Number(new BalanceClass(family, protocol, 0, length), edit);
                }
            }
        }

        return classes;
    }

    /// <summary>The class of that number, if it has a chain.</summary>
    public bool TryFind(uint number, out BalanceClass balanceClass) => _known.TryGetValue(number, out balanceClass);

    /// <summary>The number of a class; its chain is made if it has none.</summary>
    public uint Number(BalanceClass wanted, TableEdit edit)
    {
        var number = wanted.Number(wanted.AffinitySeconds == 0 ? wanted.MethodKind : AffinityKind(wanted.AffinitySeconds));
        if (_known.TryAdd(number, wanted))
        {
            edit.Add(new NewClass(number, wanted));
        }

        return number;
    }

    /// <summary>A kind for each timeout in use. When all 112 are taken, the next shorter timeout serves, or else the shortest.</summary>
    private uint AffinityKind(int seconds)
    {
        if (_affinityKinds.TryGetValue(seconds, out var kind))
        {
            return kind;
        }

        kind = BalanceClass.FirstAffinityKind + (uint)_affinityKinds.Count;
        if (kind > BalanceClass.LastKind)
        {
            var shorter = _affinityKinds.Where(pair => pair.Key < seconds).Select(static pair => pair.Value).ToArray();
            return shorter.Length > 0 ? shorter[^1] : _affinityKinds.First().Value;
        }

        _affinityKinds[seconds] = kind;
        return kind;
    }
}

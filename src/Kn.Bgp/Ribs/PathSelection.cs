using Kn.Bgp.Attributes;

namespace Kn.Bgp.Ribs;

/// <summary>Chooses among the paths to a prefix.</summary>
/// <remarks>RFC 4271 §9.1.2, RFC 4456 §9; by elimination, since MED orders no more than pairs of the same neighbour. The steps:
/// own routes, LOCAL_PREF, AS path, origin, MED, external before internal, cost of the next hop; what is equal up to here is used together.
/// One of them is best: by identifier, cluster list, peer address. RFC 5004's preference for the older is not taken: a restart would
/// choose differently.</remarks>
internal sealed class PathSelection(BgpSpeakerOptions options)
{
    /// <summary>RFC 4271 leaves it to the AS; everybody takes 100.</summary>
    internal const uint DefaultLocalPref = 100;

    private readonly List<Candidate> _candidates = [];

    /// <summary>Those that are used together, the best first; empty when there is none.</summary>
    internal List<Candidate> Chosen => _candidates;

    internal void Clear() => _candidates.Clear();

    /// <summary>Adds a path, unless its next hop cannot be reached (RFC 4271 §9.1.2.1).</summary>
    internal void Add(int path, PathAttributes attributes, RibPeer peer)
    {
        var cost = peer.Options.Kind == RouteKind.Local ? 0 : options.NextHopCost(attributes.NextHop);
        if (cost is { } known)
        {
            _candidates.Add(new Candidate(path, attributes, peer, known));
        }
    }

    /// <summary>Leaves in <see cref="Chosen"/> what is used.</summary>
    internal void Choose()
    {
        if (_candidates.Count < 2)
        {
            return;
        }

        KeepLowest(static candidate => candidate.Peer.Options.Kind == RouteKind.Local ? 0u : 1u);
        KeepLowest(static candidate => uint.MaxValue - (candidate.Attributes.LocalPref ?? DefaultLocalPref));
        KeepLowest(static candidate => (uint)candidate.Attributes.AsPath.Length);
        KeepLowest(static candidate => (uint)candidate.Attributes.Origin);
        EliminateByMed();
        KeepLowest(static candidate => candidate.Peer.Options.Kind == RouteKind.External ? 0u : 1u);
        KeepLowest(static candidate => candidate.Cost);
        _candidates.Sort(Compare);
        var best = _candidates[0];
        if (!options.MultipathRelax)
        {
            _candidates.RemoveAll(candidate => candidate.Attributes.AsPath != best.Attributes.AsPath);
        }

        // A next hop that two speakers tell is one way, not two.
        RemoveRepeatedNextHops();
        if (_candidates.Count > options.MaxPaths)
        {
            _candidates.RemoveRange(options.MaxPaths, _candidates.Count - options.MaxPaths);
        }
    }

    private void KeepLowest(Func<Candidate, uint> rank)
    {
        if (_candidates.Count < 2)
        {
            return;
        }

        var lowest = uint.MaxValue;
        foreach (var candidate in _candidates)
        {
            lowest = Math.Min(lowest, rank(candidate));
        }

        _candidates.RemoveAll(candidate => rank(candidate) != lowest);
    }

    /// <summary>RFC 4271 §9.1.2.2 c: a path goes when another from the same neighbouring AS has a lower MED; none counts as 0.</summary>
    private void EliminateByMed()
    {
        if (_candidates.Count < 2)
        {
            return;
        }

        var beaten = new List<int>();
        foreach (var candidate in _candidates)
        {
            foreach (var other in _candidates)
            {
                if ((options.AlwaysCompareMed || candidate.Attributes.AsPath.First == other.Attributes.AsPath.First)
                    && (other.Attributes.Med ?? 0) < (candidate.Attributes.Med ?? 0))
                {
                    beaten.Add(candidate.Path);
                    break;
                }
            }
        }

        _candidates.RemoveAll(candidate => beaten.Contains(candidate.Path));
    }

    private void RemoveRepeatedNextHops()
    {
        for (var i = _candidates.Count - 1; i > 0; i--)
        {
            for (var j = 0; j < i; j++)
            {
                if (_candidates[i].Attributes.NextHop == _candidates[j].Attributes.NextHop)
                {
                    _candidates.RemoveAt(i);
                    break;
                }
            }
        }
    }

    /// <summary>RFC 4271 §9.1.2.2 f and g, with RFC 4456 §9 between.</summary>
    private static int Compare(Candidate left, Candidate right)
    {
        var order = Identifier(left).CompareTo(Identifier(right));
        order = order != 0 ? order : left.Attributes.ClusterList.Count.CompareTo(right.Attributes.ClusterList.Count);
        return order != 0 ? order : left.Peer.Options.Address.CompareTo(right.Peer.Options.Address);
    }

    private static uint Identifier(Candidate candidate) =>
        candidate.Attributes.OriginatorId != 0 ? candidate.Attributes.OriginatorId : candidate.Peer.RouterId;

    /// <summary>A path that could be used.</summary>
    internal readonly record struct Candidate(int Path, PathAttributes Attributes, RibPeer Peer, uint Cost);
}

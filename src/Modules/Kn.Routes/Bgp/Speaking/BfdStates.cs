using System.Collections.Concurrent;
using Kn.Bgp.Bfd;
using Kn.Primitives;

namespace Kn.Routes.Bgp.Speaking;

/// <summary>How the watched paths are. Thread-safe.</summary>
internal sealed class BfdStates
{
    private readonly ConcurrentDictionary<IpAddress, BfdState> _states = [];
    private long _failures;

    /// <summary>Paths that went down, since the start.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Paths that are up.</summary>
    public int Up => _states.Values.Count(static state => state == BfdState.Up);

    /// <summary>Paths that are watched.</summary>
    public int Count => _states.Count;

    /// <summary>How the path to a neighbour is; null when it is not watched.</summary>
    public BfdState? Find(IpAddress neighbour) => _states.TryGetValue(neighbour, out var state) ? state : null;

    /// <summary>Sets a state, and returns the one before.</summary>
    public BfdState Set(IpAddress neighbour, BfdState state)
    {
        var before = _states.TryGetValue(neighbour, out var known) ? known : BfdState.Down;
        _states[neighbour] = state;
        return before;
    }

    /// <summary>Only these are watched.</summary>
    public void Keep(IEnumerable<IpAddress> neighbours)
    {
        var watched = neighbours.ToHashSet();
        foreach (var gone in _states.Keys.Where(neighbour => !watched.Contains(neighbour)))
        {
            _states.TryRemove(gone, out _);
        }

        foreach (var neighbour in watched)
        {
            _states.TryAdd(neighbour, BfdState.Down);
        }
    }

    public void CountFailure() => Interlocked.Increment(ref _failures);
}

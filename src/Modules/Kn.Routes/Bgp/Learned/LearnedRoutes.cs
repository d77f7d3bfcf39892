using System.Collections.Concurrent;
using Kn.Bgp;
using Kn.Primitives;

namespace Kn.Routes.Bgp.Learned;

/// <summary>What peers have told and the speaker has chosen: the next hops of each prefix. Written by the speaker's loop, read by the reconcile loop.</summary>
/// <param name="most">So many prefixes; more are left out.</param>
internal sealed class LearnedRoutes(int most)
{
    private readonly ConcurrentDictionary<IpPrefix, ValueList<IpAddress>> _hops = [];
    private readonly ConcurrentDictionary<IpPrefix, bool> _leftOut = [];
    private int _count;

    /// <summary>Called after a prefix has other next hops; must be quick.</summary>
    public Action<IpPrefix> Changed { get; set; } = static _ => { };

    /// <summary>Whether all that can be known is known: what else the kernel has of an earlier run may go (RFC 4724 §4.1).</summary>
    public bool IsConverged { get; private set; }

    /// <summary>Prefixes with a next hop.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Prefixes that are left out because there are too many.</summary>
    public int LeftOut => _leftOut.IsEmpty ? 0 : _leftOut.Count;

    /// <summary>Every prefix.</summary>
    public IEnumerable<IpPrefix> Prefixes => _hops.Keys;

    /// <summary>The next hops of a prefix, in order; empty when there are none.</summary>
    public ValueList<IpAddress> Find(IpPrefix prefix) => _hops.TryGetValue(prefix, out var hops) ? hops : default;

    /// <summary>A speaker begins: what the last one knew is void, and stays in the kernel until this one knows.</summary>
    public void Begin()
    {
        IsConverged = false;
        _hops.Clear();
        _leftOut.Clear();
        Volatile.Write(ref _count, 0);
    }

    /// <summary>Everything is known now.</summary>
    public void Converge() => IsConverged = true;

    /// <summary>The speaker has chosen. A prefix that this node announces itself needs no route to others.</summary>
    public void Set(IpPrefix prefix, ReadOnlySpan<BgpRoute> paths)
    {
        if (paths.IsEmpty || paths[0].Kind == RouteKind.Local)
        {
            _leftOut.TryRemove(prefix, out _);
            if (_hops.TryRemove(prefix, out _))
            {
                Volatile.Write(ref _count, _count - 1);
                Changed(prefix);
            }

            return;
        }

        var hops = HopsOf(paths);
        var isKnown = _hops.TryGetValue(prefix, out var before);
        if (!isKnown && _count >= most)
        {
            _leftOut[prefix] = true;
        }
        else if (!isKnown || before != hops)
        {
            _hops[prefix] = hops;
            Volatile.Write(ref _count, _count + (isKnown ? 0 : 1));
            Changed(prefix);
        }
    }

    private static ValueList<IpAddress> HopsOf(ReadOnlySpan<BgpRoute> paths)
    {
        if (paths.Length == 1)
        {
            return [paths[0].Attributes.NextHop];
        }

        var hops = new SortedSet<IpAddress>();
        foreach (var path in paths)
        {
            hops.Add(path.Attributes.NextHop);
        }

        return hops.ToValueList();
    }
}

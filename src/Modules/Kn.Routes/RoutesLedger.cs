using System.Collections.Immutable;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Routes;

/// <summary>What the module knows to be in the kernel, so that it can tell others' changes from its own. Written by the reconcile loop, read
/// by whoever reads the metrics.</summary>
internal sealed class RoutesLedger(ILogger logger)
{
    private ImmutableDictionary<RouteKey, PodCidrRoute>? _known;
    private Underlay _underlay = Underlay.None;

    /// <summary>What this node is connected to, as last read.</summary>
    public Underlay Underlay => Volatile.Read(ref _underlay);

    /// <summary>Routes that had to be put back, since the start.</summary>
    public int Repaired { get; private set; }

    /// <summary>Routes to other nodes' podCIDRs.</summary>
    public int Count(IpFamily family) =>
        Volatile.Read(ref _known)?.Count(entry => entry.Key.Destination.Family == family && entry.Value.Gateway is not null) ?? 0;

    /// <summary>The kernel was read.</summary>
    public void Found(Underlay underlay, ValueMap<RouteKey, PodCidrRoute> routes)
    {
        var sameUnderlay = underlay == _underlay;
        if (_known is null)
        {
            RoutesLog.Adopted(logger, routes.Count);
        }
        else if (sameUnderlay)
        {
            TellLost(_known.Where(entry => routes.Find(entry.Key) != entry.Value).Select(static entry => entry.Key.Destination).ToList());
        }

        if (!sameUnderlay)
        {
            RoutesLog.UnderlayChanged(logger, string.Join(", ", underlay.Subnets.Select(static subnet => subnet.Prefix)));
        }

        Volatile.Write(ref _underlay, underlay);
        Volatile.Write(ref _known, routes.ToImmutableDictionary());
    }

    /// <summary>The kernel took a change.</summary>
    public void Changed(RouteKey key, PodCidrRoute? before, PodCidrRoute? after)
    {
        var known = _known ?? ImmutableDictionary<RouteKey, PodCidrRoute>.Empty;
        Volatile.Write(ref _known, after is null ? known.Remove(key) : known.SetItem(key, after));
        if (after?.Gateway is { } gateway)
        {
            RoutesLog.Installed(logger, key.Destination, gateway);
        }
        else if (after is null && before?.Gateway is not null)
        {
            RoutesLog.Removed(logger, key.Destination);
        }
    }

    /// <summary>The kernel refused a change: what there is now is known after the next read.</summary>
    public void Unknown() => Volatile.Write(ref _known, null);

    private void TellLost(List<IpPrefix> lost)
    {
        if (lost.Count > 0)
        {
            Repaired += lost.Count;
            RoutesLog.Repaired(logger, string.Join(", ", lost.Distinct()));
        }
    }
}

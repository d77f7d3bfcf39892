using Kn.Primitives;

namespace Kn.Bgp.Ribs;

/// <summary>Hears what the tables decide.</summary>
internal interface IRibObserver
{
    /// <summary>The paths that packets to a prefix take are these now, the best first; empty: none.</summary>
    void Changed(IpPrefix prefix, ReadOnlySpan<BgpRoute> paths);
}

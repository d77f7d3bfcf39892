using Kn.Bgp;
using Kn.Bgp.Messages;
using Kn.Bgp.Sessions;
using Kn.Primitives;

namespace Kn.Bench;

/// <summary>Counts prefixes.</summary>
internal sealed class Watcher(IpPrefix last) : IBgpObserver
{
    private int _count;

    public void RouteChanged(IpPrefix prefix, ReadOnlySpan<BgpRoute> paths)
    {
        _count++;
        if (prefix == last)
        {
            Console.WriteLine($"loaded {_count}");
        }
    }

    public void Converged()
    {
    }

    public void SessionChanged(BgpPeerOptions peer, SessionState state, SessionEnd? end) => Console.Error.WriteLine($"{state} {end}");

    public void FaultyUpdate(BgpPeerOptions peer, BgpError error, bool isWithdrawn) => Console.Error.WriteLine(error);
}

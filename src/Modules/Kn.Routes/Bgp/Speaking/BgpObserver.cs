using System.Collections.Concurrent;
using Kn.Bgp;
using Kn.Bgp.Messages;
using Kn.Bgp.Sessions;
using Kn.Primitives;
using Kn.Routes.Bgp.Learned;
using Microsoft.Extensions.Logging;

namespace Kn.Routes.Bgp.Speaking;

/// <summary>Hears what the speaker finds out, on the speaker's loop.</summary>
/// <param name="learned">Gets what was chosen.</param>
/// <param name="converged">Called when all is known that can be known.</param>
/// <param name="logger">The module's.</param>
internal sealed class BgpObserver(LearnedRoutes learned, Action converged, ILogger logger) : IBgpObserver
{
    private readonly ConcurrentDictionary<IpAddress, bool> _established = [];
    private long _ended;
    private long _faulty;

    /// <summary>Sessions that are up.</summary>
    public int Established => _established.Count;

    /// <summary>Sessions that ended after they had been up.</summary>
    public long Ended => Interlocked.Read(ref _ended);

    /// <summary>UPDATEs with an error that did not end the session (RFC 7606).</summary>
    public long Faulty => Interlocked.Read(ref _faulty);

    /// <inheritdoc/>
    public void RouteChanged(IpPrefix prefix, ReadOnlySpan<BgpRoute> paths) => learned.Set(prefix, paths);

    /// <inheritdoc/>
    public void Converged()
    {
        learned.Converge();
        BgpLog.Converged(logger, learned.Count);
        converged();
    }

    /// <inheritdoc/>
    public void SessionChanged(BgpPeerOptions peer, SessionState state, SessionEnd? end)
    {
        if (state == SessionState.Established)
        {
            _established[peer.Address] = true;
            BgpLog.SessionUp(logger, peer.Address, peer.PeerAs, peer.Description);
        }
        else if (_established.TryRemove(peer.Address, out _))
        {
            Interlocked.Increment(ref _ended);
            BgpLog.SessionDown(logger, peer.Address, peer.PeerAs, peer.Description, end?.ToString() ?? "ended");
        }
    }

    /// <inheritdoc/>
    public void FaultyUpdate(BgpPeerOptions peer, BgpError error, bool isWithdrawn)
    {
        Interlocked.Increment(ref _faulty);
        BgpLog.FaultyUpdate(logger, peer.Address, error.ToString(), isWithdrawn ? "its prefixes are taken as withdrawn" : "attributes are left out");
    }
}

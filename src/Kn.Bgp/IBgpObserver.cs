using Kn.Bgp.Messages;
using Kn.Bgp.Sessions;
using Kn.Primitives;

namespace Kn.Bgp;

/// <summary>Hears what a speaker finds out. Called on the speaker's loop, in order: it must return quickly, and must not wait for the speaker.</summary>
public interface IBgpObserver
{
    /// <summary>The paths that packets to a prefix shall take are these now.</summary>
    /// <param name="prefix">The prefix.</param>
    /// <param name="paths">Paths of equal worth, the best first; empty when there is none. Valid during the call.</param>
    void RouteChanged(IpPrefix prefix, ReadOnlySpan<BgpRoute> paths);

    /// <summary>All that can be known now has been told by <see cref="RouteChanged"/>: at once, or, after a restart, when the peers have told
    /// theirs. What else the kernel has of an earlier run may go.</summary>
    void Converged();

    /// <summary>A session came up, or ended.</summary>
    /// <param name="peer">Whose.</param>
    /// <param name="state">Established, or what it fell back to.</param>
    /// <param name="end">Why it ended; null when it came up.</param>
    void SessionChanged(BgpPeerOptions peer, SessionState state, SessionEnd? end);

    /// <summary>A peer sent an UPDATE with an error that does not end the session (RFC 7606).</summary>
    /// <param name="peer">Who.</param>
    /// <param name="error">What is wrong.</param>
    /// <param name="isWithdrawn">Its prefixes were withdrawn; else attributes were left out.</param>
    void FaultyUpdate(BgpPeerOptions peer, BgpError error, bool isWithdrawn);
}

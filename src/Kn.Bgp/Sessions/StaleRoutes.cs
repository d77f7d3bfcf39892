using Kn.Primitives;

namespace Kn.Bgp.Sessions;

/// <summary>Which of a peer's families are kept although it is away, and until when: the receiving speaker of a graceful restart.</summary>
/// <remarks>RFC 4724 §4.2. Each method returns the families whose stale routes are to be removed now.</remarks>
/// <param name="staleTime">How long a peer that is back has to tell its routes again, until the rest is removed.</param>
internal sealed class StaleRoutes(TimeSpan staleTime)
{
    /// <summary>Families with routes that are kept.</summary>
    internal FamilySet Families { get; private set; }

    /// <summary>When what is kept is given up.</summary>
    internal TimeSpan? Deadline { get; private set; }

    /// <summary>The session is gone. What is left from an earlier restart is not kept a second time.</summary>
    /// <returns>All families that were not kept, too: their routes are removed, stale or not.</returns>
    internal FamilySet Begin(AgreedSession agreed, bool isKept, TimeSpan now)
    {
        var restart = agreed.Peer.Capabilities.GracefulRestart;
        Families = isKept && restart is not null ? agreed.Kept : FamilySet.None;
        Deadline = Families == FamilySet.None ? null : now + TimeSpan.FromSeconds(restart!.RestartSeconds);
        return FamilySet.Both & ~Families;
    }

    /// <summary>The session is back; a family that did not outlive the restart is removed at once.</summary>
    internal FamilySet Resume(AgreedSession agreed, TimeSpan now)
    {
        var gone = Families & ~(agreed.Families & agreed.Kept & agreed.Preserved);
        Families &= ~gone;
        Deadline = Families == FamilySet.None ? null : now + staleTime;
        return gone;
    }

    /// <summary>The peer has told all it has.</summary>
    internal FamilySet EndOfRib(IpFamily family)
    {
        var told = Families & FamilySetExtensions.Of(family);
        Families &= ~told;
        Deadline = Families == FamilySet.None ? null : Deadline;
        return told;
    }

    /// <summary>Gives up what is overdue.</summary>
    internal FamilySet Tick(TimeSpan now)
    {
        if (Deadline is null || Deadline > now)
        {
            return FamilySet.None;
        }

        var gone = Families;
        Families = FamilySet.None;
        Deadline = null;
        return gone;
    }
}

namespace Kn.Kubernetes.Leases;

/// <summary>What one candidate knows of a Lease, and what follows from it. No I/O; time is what the caller says.</summary>
/// <remarks>Clocks of different machines are never compared: a Lease has run out when this candidate has seen no change of it for its
/// duration, by its own monotonic clock. The times in the Lease are for people, and a hint of when to look more often.</remarks>
internal sealed class LeaseClaim(ElectionOptions options)
{
    private TimeSpan _observedAt;

    /// <summary>The Lease as last seen; null when there was none.</summary>
    public Lease? Observed { get; private set; }

    /// <summary>True while the Lease names this candidate.</summary>
    public bool IsHolder => Observed?.Holder == options.Identity;

    /// <summary>Takes note of what the Lease is.</summary>
    /// <param name="lease">As the server has it; null for none.</param>
    /// <param name="now">A reading of the monotonic clock.</param>
    public void Observe(Lease? lease, TimeSpan now)
    {
        if (Observed is null || lease is null || !Observed.IsSameAs(lease))
        {
            _observedAt = now;
        }

        Observed = lease;
    }

    /// <summary>True when the Lease is another's and has not run out.</summary>
    public bool IsOthers(TimeSpan now) =>
        Observed is { Holder.Length: > 0 } lease && !IsHolder && now - _observedAt < TimeSpan.FromSeconds(lease.DurationSeconds);

    /// <summary>The Lease as this candidate wants it, to take it or to renew it.</summary>
    public Lease Claimed(DateTimeOffset wallClock)
    {
        var old = Observed ?? new Lease { Transitions = -1 };
        return old with
        {
            Holder = options.Identity,
            DurationSeconds = (int)Math.Ceiling(options.LeaseDuration.TotalSeconds),
            AcquireTime = IsHolder ? old.AcquireTime ?? wallClock : wallClock,
            RenewTime = wallClock,
            Transitions = IsHolder ? old.Transitions : old.Transitions + 1,
        };
    }

    /// <summary>The Lease given back: whoever looks next may have it.</summary>
    public Lease Released(DateTimeOffset wallClock) => (Observed ?? new Lease()) with { Holder = "", DurationSeconds = 1, AcquireTime = wallClock, RenewTime = wallClock };

    /// <summary>How long to wait before looking again at a Lease that is another's.</summary>
    /// <param name="wallClock">This machine's clock.</param>
    /// <param name="jitter">0 to 1.</param>
    /// <remarks>Fast when the holder seems to have missed a renewal. Clocks that disagree cost requests or seconds, never the election's safety.</remarks>
    public TimeSpan NextLook(DateTimeOffset wallClock, double jitter)
    {
        var isLate = Observed is not { Holder.Length: > 0, RenewTime: { } renewed } || wallClock - renewed > options.RetryPeriod * 2.5;
        var share = isLate ? 1.0 : Math.Max(1.0, (double)options.Candidates() / ElectionOptions.FullPaceCandidates);

        // Of many that started together some must always be about to look, so those that look seldom do it at any time: on average as often as their share.
        // Else client-go's JitterFactor.
        return share > 1 ? options.RetryPeriod * Math.Max(1, share * 2 * jitter) : options.RetryPeriod * (1 + (0.2 * jitter));
    }
}

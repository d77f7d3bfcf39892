namespace Kn.Hosting.Reconciling;

/// <summary>How a reconcile loop behaves; the defaults suit a target in the kernel.</summary>
public sealed record ReconcileOptions
{
    /// <summary>Tells of foreign changes; null where nothing can tell, then the resync timer repairs.</summary>
    public IDriftSource? Drift { get; init; }

    /// <summary>Longest time between two reads of the whole target. Default 10 minutes: drift is told of by notifications, so
    /// this is the net below the net, and it costs a dump.</summary>
    public TimeSpan ResyncEvery { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Shortest time between two resyncs that drift asks for. Default 2 s: somebody who rewrites our table in a loop
    /// must not keep us dumping it in a loop.</summary>
    public TimeSpan DriftSpacing { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The first wait after a failure; doubles with each further one, with up to a quarter of jitter. Default 250 ms: most failures
    /// are a race with another writer and pass at once.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest wait after a failure. Default 30 s: a node must come back soon after its cause went away.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(30);
}

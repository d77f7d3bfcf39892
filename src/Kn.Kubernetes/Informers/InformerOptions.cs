namespace Kn.Kubernetes.Informers;

/// <summary>How informers pace themselves. The defaults are for production; tests shorten them.</summary>
public sealed record InformerOptions
{
    /// <summary>Objects in a page of a list. 500 is what kubectl and client-go use.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Shortest time that a watch is asked to last; each asks for this to twice this, at random, as client-go does.</summary>
    public TimeSpan WatchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long beyond its timeout a silent watch is trusted.</summary>
    public TimeSpan StallGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a list may be silent before it is given up.</summary>
    public TimeSpan ListTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Wait after a first failure.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest wait between attempts.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often to ask again for a kind that the server does not serve.</summary>
    public TimeSpan MissingKindRetry { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Where the cache is kept over restarts, such as /var/lib/kn/cluster.snapshot; null for nowhere.</summary>
    public string? SnapshotPath { get; init; }

    /// <summary>How long to wait for the API server at the start before the file of the last run is used; a refused connection ends the wait at once.</summary>
    public TimeSpan SnapshotGrace { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Least time between two writes of the snapshot file.</summary>
    public TimeSpan SnapshotInterval { get; init; } = TimeSpan.FromSeconds(30);
}

namespace Kn.Kubernetes.Cache;

/// <summary>What happened to one kind since the start; for metrics. Safe to read at any time.</summary>
public sealed class KindCounters
{
    private long _events;
    private long _decodeErrors;
    private long _relists;
    private long _watchRestarts;
    private long _bookmarks;
    private long _unchanged;

    /// <summary>Watch events of objects; bookmarks are not among them.</summary>
    public long Events => Interlocked.Read(ref _events);

    /// <summary>Objects, or whole events, that could not be decoded and were skipped.</summary>
    public long DecodeErrors => Interlocked.Read(ref _decodeErrors);

    /// <summary>Complete lists after the first.</summary>
    public long Relists => Interlocked.Read(ref _relists);

    /// <summary>Watches opened after the first, for whatever reason the one before ended.</summary>
    public long WatchRestarts => Interlocked.Read(ref _watchRestarts);

    /// <summary>Bookmarks.</summary>
    public long Bookmarks => Interlocked.Read(ref _bookmarks);

    /// <summary>Writes that touched no field which Kn uses, such as a node's heartbeat; nobody was told of them.</summary>
    public long Unchanged => Interlocked.Read(ref _unchanged);

    internal void CountEvent() => Interlocked.Increment(ref _events);

    internal void CountDecodeError() => Interlocked.Increment(ref _decodeErrors);

    internal void CountRelist() => Interlocked.Increment(ref _relists);

    internal void CountWatchRestart() => Interlocked.Increment(ref _watchRestarts);

    internal void CountBookmark() => Interlocked.Increment(ref _bookmarks);

    internal void CountUnchanged() => Interlocked.Increment(ref _unchanged);
}

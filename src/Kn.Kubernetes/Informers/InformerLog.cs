using Microsoft.Extensions.Logging;

namespace Kn.Kubernetes.Informers;

/// <summary>What informers have to say; event ids 2000 to 2049.</summary>
internal static partial class InformerLog
{
    [LoggerMessage(2000, LogLevel.Debug, "{Kind}: listed {Count} objects at {ResourceVersion}", EventName = "listed")]
    public static partial void Listed(this ILogger logger, string kind, int count, string resourceVersion);

    [LoggerMessage(2001, LogLevel.Warning, "{Kind}: the API server is away or refuses ({Problem}); keeping what is known and retrying", EventName = "apiLost")]
    public static partial void ApiLost(this ILogger logger, string kind, string problem);

    [LoggerMessage(2002, LogLevel.Information, "{Kind}: the API server is back", EventName = "apiBack")]
    public static partial void ApiBack(this ILogger logger, string kind);

    [LoggerMessage(2003, LogLevel.Warning, "Skipped an object: {Problem}", EventName = "objectSkipped")]
    public static partial void ObjectSkipped(this ILogger logger, string problem);

    [LoggerMessage(2004, LogLevel.Debug, "{Kind}: listing again, {Reason}", EventName = "relisting")]
    public static partial void Relisting(this ILogger logger, string kind, string reason);

    [LoggerMessage(2005, LogLevel.Debug, "{Kind}: the watch ended, {Reason}", EventName = "watchEnded")]
    public static partial void WatchEnded(this ILogger logger, string kind, string reason);

    [LoggerMessage(2006, LogLevel.Information, "{Kind} is not served by this API server; taken as empty", EventName = "kindMissing")]
    public static partial void KindMissing(this ILogger logger, string kind);

    [LoggerMessage(2007, LogLevel.Warning, "{Kind}: {Reason}", EventName = "watchBroken")]
    public static partial void WatchBroken(this ILogger logger, string kind, string reason);

    [LoggerMessage(2010, LogLevel.Warning, "Serving from the snapshot of the last run, {Path}: the API server is away ({Objects} objects)", EventName = "snapshotLoaded")]
    public static partial void SnapshotLoaded(this ILogger logger, string path, int objects);

    [LoggerMessage(2011, LogLevel.Warning, "The snapshot of the last run is ignored: {Problem}", EventName = "snapshotIgnored")]
    public static partial void SnapshotIgnored(this ILogger logger, string problem);

    [LoggerMessage(2012, LogLevel.Warning, "The snapshot could not be written: {Problem}", EventName = "snapshotNotWritten")]
    public static partial void SnapshotNotWritten(this ILogger logger, string problem);

    [LoggerMessage(2013, LogLevel.Debug, "The snapshot was written: {Objects} objects to {Path}", EventName = "snapshotWritten")]
    public static partial void SnapshotWritten(this ILogger logger, string path, int objects);
}

namespace Kn.Hosting.Agent;

/// <summary>Gives back what a burst left behind: a start, or a hundred pods at once, leave tens of megabytes of garbage that the collector
/// has no reason to look at on a node where nothing happens afterwards.</summary>
/// <remarks>Collects when much was allocated since the last time and next to nothing in the last interval, so that nobody who works waits for it.
/// .NET's generation 0 takes the size of the processor's cache (32 MB and more) as its budget, and native AOT reads no setting for that.</remarks>
internal sealed class MemoryTrim(TimeProvider time, Func<long> allocatedBytes, Action collect)
{
    private const long WorthwhileBytes = 4 << 20;
    private const long QuietBytes = 256 << 10;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private long _atLastTrim;
    private long _atLastLook;

    /// <summary>The process's own.</summary>
    public static MemoryTrim OfProcess(TimeProvider time) => new(
        time,
        static () => GC.GetTotalAllocatedBytes(),
        static () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true));

    /// <summary>Looks every few seconds until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            Look();
        }
    }

    /// <summary>Collects if it is time to; true when it did.</summary>
    internal bool Look()
    {
        var allocated = allocatedBytes();
        var quiet = allocated - _atLastLook < QuietBytes;
        _atLastLook = allocated;
        if (!quiet || allocated - _atLastTrim < WorthwhileBytes)
        {
            return false;
        }

        _atLastTrim = allocated;
        collect();
        return true;
    }
}

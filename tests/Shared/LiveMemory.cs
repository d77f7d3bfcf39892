namespace Kn.Testing;

/// <summary>What the process's live objects weigh. Only for tests that run alone in it.</summary>
internal static class LiveMemory
{
    /// <summary>Bytes, as the collector itself counted them: an estimate between two collections can even be negative.</summary>
    public static long Read()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
        var info = GC.GetGCMemoryInfo(GCKind.FullBlocking);
        return info.HeapSizeBytes - info.FragmentedBytes;
    }
}

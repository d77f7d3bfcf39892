namespace Kn.Lab.ApiServer.Allocation;

/// <summary>Node ports, 30000 to 32767: which are taken, and a free one. Not thread-safe: used under the store's gate.</summary>
internal sealed class PortAllocator(Random random)
{
    /// <summary>--service-node-port-range's default.</summary>
    public const int First = 30_000;

    /// <summary>The last of the range.</summary>
    public const int Last = 32_767;

    // min(max(16, size / 32), 128), as for ClusterIPs left to people who pick their own.
    private const int StaticBand = 86;
    private readonly HashSet<int> _used = [];

    public static bool IsInRange(long port) => port is >= First and <= Last;

    public bool IsUsed(int port) => _used.Contains(port);

    public void Take(int port) => _used.Add(port);

    public void Free(int port) => _used.Remove(port);

    /// <summary>A free port, not yet taken and none of <paramref name="alsoUsed"/>; null when all are.</summary>
    public int? FindFree(IReadOnlySet<int> alsoUsed) =>
        FindFree(First + StaticBand, Last, alsoUsed) ?? FindFree(First, First + StaticBand - 1, alsoUsed);

    private int? FindFree(int first, int last, IReadOnlySet<int> alsoUsed)
    {
        var span = last - first + 1;
        var start = random.Next(span);
        for (var i = 0; i < span; i++)
        {
            var port = first + ((start + i) % span);
            if (!_used.Contains(port) && !alsoUsed.Contains(port))
            {
                return port;
            }
        }

        return null;
    }
}

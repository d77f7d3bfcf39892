using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Tests.Zone;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>What the cache says that it takes is what it takes; weighed while nothing else runs.</summary>
[Collection(nameof(AloneGroup))]
public sealed class CacheMemoryTests
{
    [Fact]
    public void Count_OfBytes_IsWhatTheCollectorCounts()
    {
        const int answers = 20_000;
        var cache = new AnswerCache(64 << 20);
        AnswerCacheTests.Store(cache, "warm.example");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var n = 0; n < answers; n++)
        {
            AnswerCacheTests.Store(cache, $"name-{n}.example");
        }

        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(cache);
        Assert.InRange(grown, cache.Bytes * 0.7, cache.Bytes * 1.1);
    }
}

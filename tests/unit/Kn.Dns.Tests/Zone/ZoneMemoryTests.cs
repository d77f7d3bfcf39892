using Kn.Dns.Zone;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Tests.Zone;

/// <summary>What the zone weighs. Alone in the process while it runs: the collector counts everybody's objects.</summary>
[Collection(nameof(AloneGroup))]
public sealed class ZoneMemoryTests
{
    private const long MaxBytes = 10 << 20;

    [Fact]
    public void TenThousandServices_AndFiftyThousandEndpoints_FitInTenMegabytes()
    {
        var cluster = Cluster();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var records = new ZoneRecords();
        var pieces = new Dictionary<DnsKey, ZonePiece>();
        foreach (var key in ZonePlan.Keys(cluster, PodRecords.Insecure))
        {
            if (ZonePlan.Plan(cluster, key, new Problems()) is { } piece)
            {
                pieces[key] = piece;
                records.Change(null, piece);
            }
        }

        // The loop remembers what is applied, and so does the target.
        var applied = new Dictionary<DnsKey, ZonePiece>(pieces);
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(cluster);
        GC.KeepAlive(applied);
        Assert.Equal(10_001, records.NameCount);
        Assert.Equal(55_000, records.AddressCount);
        Assert.True(bytes < MaxBytes, $"{bytes} bytes");
    }

    /// <summary>Every other Service is headless, with ten endpoints.</summary>
    private static ClusterSnapshot Cluster()
    {
        var objects = new List<KubernetesObject> { Build.Default };
        for (var number = 0; number < 10_000; number++)
        {
            var (high, low) = (number / 250, (number % 250) + 1);
            var name = $"svc-{number}";
            objects.Add(number % 2 == 0 ? Build.Service(name, $"10.96.{high}.{low}") : Build.Headless(name));
            if (number % 2 == 1)
            {
                objects.Add(Build.Slice(name, IpFamily.V4, Enumerable.Range(1, 10).Select(endpoint => Build.Endpoint($"10.{endpoint}.{high}.{low}", $"h-{endpoint}"))));
            }
        }

        return ClusterSnapshot.Of(objects);
    }
}

/// <summary>Tests that run while no other does.</summary>
[CollectionDefinition(nameof(AloneGroup), DisableParallelization = true)]
public sealed class AloneGroup;

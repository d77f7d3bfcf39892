using System.Diagnostics;
using System.Text;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Informers;
using Kn.Kubernetes.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.E2E.Tests.ApiServer;

/// <summary>The client, the informers and the cache against a real API server.</summary>
public sealed class InformerTests(RealApiServer server) : IClassFixture<RealApiServer>
{
    private static readonly WatchRequest[] s_everything = [.. ResourceKinds.All.Select(static kind => new WatchRequest(kind))];

    [RealApiServerFact]
    public async Task EveryKind_IsListedAndWatched()
    {
        using var client = new ApiClient(server.Connection());
        var cache = new ClusterCache();
        await using var informers = Start(client, cache);
        await Until(() => cache.IsSynced && cache.Origin == CacheOrigin.Api);
        Assert.NotNull(cache.Current.Namespaces.Find("default"));
        Assert.NotNull(cache.Current.Services.Find("default", "kubernetes"));

        await CreateAsync(client, "/api/v1/nodes", """{"metadata":{"name":"e2e-n1"}}""");
        await CreateAsync(client, "/api/v1/namespaces/default/services",
            """{"metadata":{"name":"e2e-echo","labels":{"a":"b"}},"spec":{"ipFamilyPolicy":"RequireDualStack","selector":{"app":"e2e"},"ports":[{"port":80,"targetPort":8080}]}}""");
        await Until(() => cache.Current.Services.Find("default", "e2e-echo") is { ClusterIps.Count: 2 });
        await Until(() => cache.Current.Nodes.Find("e2e-n1") is not null);

        await client.PatchAsync("/api/v1/namespaces/default/services/e2e-echo", ApiClient.MergePatch,
            """{"metadata":{"labels":{"a":"c"}}}"""u8.ToArray(), CancellationToken.None);
        await Until(() => cache.Current.Services.Find("default", "e2e-echo")?.Metadata.Labels.Find("a") == "c");
        Assert.Equal("c", (await client.GetAsync(ResourceKinds.Services, new ObjectKey("default", "e2e-echo"), CancellationToken.None))?.Metadata.Labels.Find("a"));
        await client.DeleteAsync("/api/v1/namespaces/default/services/e2e-echo", CancellationToken.None);
        await Until(() => cache.Current.Services.Find("default", "e2e-echo") is null);
        await client.DeleteAsync("/api/v1/nodes/e2e-n1", CancellationToken.None);
        Assert.All(cache.Kinds, static kind => Assert.Equal(0, kind.Counters.DecodeErrors));
    }

    [RealApiServerFact]
    public async Task AClientCertificate_IsAccepted_AndAWrongTokenIsAnUnauthorized()
    {
        using var byCertificate = new ApiClient(server.Connection("cert"));
        Assert.NotEmpty(await byCertificate.GetAsync("/api/v1/namespaces/default", CancellationToken.None));
        var wrong = server.Connection() with { Token = new Kubernetes.Kubeconfigs.PemSource("wrong"u8.ToArray(), null, "token") };
        using var byToken = new ApiClient(wrong);
        var error = await Assert.ThrowsAsync<ApiException>(() => byToken.GetAsync("/api/v1/namespaces/default", CancellationToken.None));
        Assert.Equal((401, "Unauthorized"), (error.Status, error.Reason));
    }

    [RealApiServerFact]
    public async Task Refusals_CarryTheServersReason()
    {
        using var client = new ApiClient(server.Connection());
        var conflict = await Assert.ThrowsAsync<ApiException>(() => CreateAsync(client, "/api/v1/namespaces", """{"metadata":{"name":"default"}}"""));
        Assert.Equal((409, "AlreadyExists"), (conflict.Status, conflict.Reason));
        Assert.Null(await client.GetAsync(ResourceKinds.Pods, new ObjectKey("default", "no-such"), CancellationToken.None));
    }

    [RealApiServerFact]
    public async Task ManyObjects_ArriveByPages_InFewSnapshots()
    {
        const int Count = 1200;
        using var client = new ApiClient(server.Connection());
        await CreateAsync(client, "/api/v1/namespaces", """{"metadata":{"name":"e2e-many"}}""");
        foreach (var chunk in Enumerable.Range(0, Count).Chunk(16))
        {
            await Task.WhenAll(chunk.Select(number =>
                CreateAsync(client, "/api/v1/namespaces/e2e-many/services", $$$"""{"metadata":{"name":"s{{{number}}}"},"spec":{"ports":[{"port":80}]}}""")));
        }

        var cache = new ClusterCache();
        await using var informers = Start(client, cache, new WatchRequest(ResourceKinds.Services));
        await Until(() => cache.IsSynced);
        Assert.Equal(Count, cache.Current.Services.Count(static service => service.Metadata.Namespace == "e2e-many"));
        Assert.InRange(cache.Version, 1, 2);
    }

    [RealApiServerFact]
    public async Task AServerThatGoesAway_ComesBackUnnoticed_AndAColdStartServesFromTheFile()
    {
        var folder = Directory.CreateTempSubdirectory("kn-e2e-snapshot-").FullName;
        var options = new InformerOptions { SnapshotPath = Path.Combine(folder, "cluster.snapshot"), LongestBackoff = TimeSpan.FromSeconds(1) };
        using var client = new ApiClient(server.Connection());
        var cache = new ClusterCache();
        var first = Start(client, cache, options, s_everything);
        await Until(() => cache.Origin == CacheOrigin.Api);
        await server.StopAsync();
        await Until(() => cache.Kinds.Any(static kind => kind.Problem is not null));
        Assert.NotNull(cache.Current.Services.Find("default", "kubernetes"));
        await first.DisposeAsync();

        var cold = new ClusterCache();
        await using var second = Start(client, cold, options, s_everything);
        await Until(() => cold.IsSynced);
        Assert.Equal(CacheOrigin.Snapshot, cold.Origin);
        Assert.Equal(cache.Current.Services.Find("default", "kubernetes"), cold.Current.Services.Find("default", "kubernetes"));
        using var queue = cold.Subscribe(ResourceKinds.Services);
        queue.Drain();

        await server.StartAsync();
        await Until(() => cold.Origin == CacheOrigin.Api);
        Assert.DoesNotContain(queue.Drain().Changes, static change => change.Object.Metadata.Name == "kubernetes" && change.After is null);
        Directory.Delete(folder, recursive: true);
    }

    private static ClusterInformers Start(ApiClient client, ClusterCache cache, params WatchRequest[] requests) =>
        Start(client, cache, new InformerOptions(), requests.Length > 0 ? requests : s_everything);

    private static ClusterInformers Start(ApiClient client, ClusterCache cache, InformerOptions options, WatchRequest[] requests) =>
        ClusterInformers.Start(client, cache, requests, options, NullLogger.Instance, TimeProvider.System, CancellationToken.None);

    private static Task CreateAsync(ApiClient client, string path, string json) =>
        client.CreateAsync(path, Encoding.UTF8.GetBytes(json), CancellationToken.None);

    private static async Task Until(Func<bool> condition)
    {
        var limit = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(limit.Elapsed < TimeSpan.FromSeconds(60), "not within 60 s");
            await Task.Delay(10);
        }
    }
}

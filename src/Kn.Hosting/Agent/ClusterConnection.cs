using Kn.Hosting.Options;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Informers;
using Kn.Kubernetes.Kubeconfigs;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Agent;

/// <summary>The API server that the kubeconfig names.</summary>
public sealed class ClusterConnection : IClusterConnection
{
    /// <summary>The cache's copy on disk, in <see cref="PathOptions.State"/>.</summary>
    internal const string SnapshotFile = "cluster.snapshot";

    private readonly ApiClient _client;
    private readonly ClusterInformers _informers;

    private ClusterConnection(ApiClient client, ClusterInformers informers)
    {
        _client = client;
        _informers = informers;
    }

    /// <inheritdoc/>
    public string Server => _client.Server.ToString();

    /// <inheritdoc/>
    public ApiClient? Client => _client;

    /// <inheritdoc/>
    public Task Completion => _informers.Completion;

    /// <summary>Starts to fill the cache; a <see cref="ConnectCluster"/>.</summary>
    /// <exception cref="KubeconfigException">The kubeconfig is missing, wrong, or asks for what is not supported.</exception>
    public static IClusterConnection Open(AgentOptions options, ClusterCache cache, IReadOnlyList<WatchRequest> watches, ILoggerFactory loggers, TimeProvider time)
    {
        var client = new ApiClient(Kubeconfig.Load(options.Kubeconfig), time);
        Directory.CreateDirectory(options.Node.Paths.State);
        var pace = new InformerOptions { SnapshotPath = Path.Combine(options.Node.Paths.State, SnapshotFile) };
        return new ClusterConnection(client, ClusterInformers.Start(client, cache, watches, pace, loggers.CreateLogger("cluster"), time, CancellationToken.None));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _informers.DisposeAsync();
        _client.Dispose();
    }
}

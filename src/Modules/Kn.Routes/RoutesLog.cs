using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Routes;

/// <summary>Events 5000–5049.</summary>
internal static partial class RoutesLog
{
    [LoggerMessage(5000, LogLevel.Information, "adopted {Routes} routes that were there already", EventName = "routesAdopted")]
    internal static partial void Adopted(ILogger logger, int routes);

    [LoggerMessage(5001, LogLevel.Information, "podCIDR {Destination} is reached by {Gateway}, {Way}", EventName = "routeInstalled")]
    internal static partial void Installed(ILogger logger, IpPrefix destination, IpAddress gateway, string way);

    [LoggerMessage(5002, LogLevel.Information, "podCIDR {Destination} is no longer routed", EventName = "routeRemoved")]
    internal static partial void Removed(ILogger logger, IpPrefix destination);

    [LoggerMessage(5003, LogLevel.Warning, "somebody else removed or changed {Pieces}; they are put back", EventName = "routesRepaired")]
    internal static partial void Repaired(ILogger logger, string pieces);

    [LoggerMessage(5004, LogLevel.Information, "this node is connected to {Subnets}", EventName = "underlayChanged")]
    internal static partial void UnderlayChanged(ILogger logger, string subnets);

    [LoggerMessage(5005, LogLevel.Information, "{Installed} podCIDRs are reached in a new way, {Removed} are no longer routed", EventName = "routesChanged")]
    internal static partial void ManyChanged(ILogger logger, int installed, int removed);

    [LoggerMessage(5006, LogLevel.Warning, "pods may not be told of packets too large for the path to another node: {Error}", EventName = "pathMtuIgnored")]
    internal static partial void PathMtuIgnored(ILogger logger, string error);

    [LoggerMessage(5007, LogLevel.Warning, "no fast path: packets of established connections take the whole way through the stack: {Error}", EventName = "fastPathUnavailable")]
    internal static partial void FastPathUnavailable(ILogger logger, string error);

    [LoggerMessage(5008, LogLevel.Warning, "a link may be without the fast path: {Error}", EventName = "fastPathRefused")]
    internal static partial void FastPathRefused(ILogger logger, string error);
}

using Kn.Bgp.Bfd;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Routes.Bgp;

/// <summary>Events 5050–5079.</summary>
internal static partial class BgpLog
{
    [LoggerMessage(5050, LogLevel.Information, "BGP speaker of AS {Asn} with identifier {RouterId} started, {How}", EventName = "bgpStarted")]
    internal static partial void SpeakerStarted(ILogger logger, uint asn, IpAddress routerId, string how);

    [LoggerMessage(5051, LogLevel.Information, "BGP session with {Peer} (AS {Asn}, {Description}) is up", EventName = "bgpSessionUp")]
    internal static partial void SessionUp(ILogger logger, IpAddress peer, uint asn, string description);

    [LoggerMessage(5052, LogLevel.Warning, "BGP session with {Peer} (AS {Asn}, {Description}) is down: {Cause}", EventName = "bgpSessionDown")]
    internal static partial void SessionDown(ILogger logger, IpAddress peer, uint asn, string description, string cause);

    [LoggerMessage(5053, LogLevel.Information, "BGP peers have told what they have: {Routes} routes are known; what else the kernel has of an earlier run goes", EventName = "bgpConverged")]
    internal static partial void Converged(ILogger logger, int routes);

    [LoggerMessage(5054, LogLevel.Warning, "BGP peer {Peer} sent a faulty UPDATE, {Handling}: {Error}", EventName = "bgpFaultyUpdate")]
    internal static partial void FaultyUpdate(ILogger logger, IpAddress peer, string error, string handling);

    [LoggerMessage(5055, LogLevel.Information, "BFD: the path to {Peer} is {State} ({Diagnostic})", EventName = "bfdPathChanged")]
    internal static partial void PathChanged(ILogger logger, IpAddress peer, BfdState state, BfdDiagnostic diagnostic);

    [LoggerMessage(5056, LogLevel.Error, "BFD cannot be spoken, paths are not watched: {Error}", EventName = "bfdUnavailable")]
    internal static partial void PathsNotWatched(ILogger logger, string error);

    [LoggerMessage(5057, LogLevel.Information, "this node is {Departure}: peers are told so", EventName = "bgpDeparture")]
    internal static partial void DepartureChanged(ILogger logger, string departure);

    [LoggerMessage(5058, LogLevel.Warning, "{LeftOut} learned routes are left out: routes.bgp.maxRoutes is {Most}", EventName = "bgpTooManyRoutes")]
    internal static partial void TooManyRoutes(ILogger logger, int leftOut, int most);

    [LoggerMessage(5059, LogLevel.Warning, "Service addresses are told to peers though the proxy has not put all of them in place after {Seconds} s", EventName = "bgpProxyLate")]
    internal static partial void ProxyLate(ILogger logger, double seconds);
}

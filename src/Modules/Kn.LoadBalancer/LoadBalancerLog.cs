using Kn.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Kn.LoadBalancer;

/// <summary>Log messages of the module; ids 10000 to 10999.</summary>
internal static partial class LoadBalancerLog
{
    [LoggerMessage(10000, LogLevel.Information, "{Service} has {Addresses}", EventName = "addressesAssigned")]
    public static partial void Assigned(ILogger logger, ObjectKey service, string addresses);

    [LoggerMessage(10001, LogLevel.Information, "{Service} gave back {Addresses}", EventName = "addressesReleased")]
    public static partial void Released(ILogger logger, ObjectKey service, string addresses);

    [LoggerMessage(10002, LogLevel.Warning, "{Service} gets no address: {Problem}", EventName = "allocationFailed")]
    public static partial void Failed(ILogger logger, ObjectKey service, string problem);

    [LoggerMessage(10003, LogLevel.Warning, "the API server does not take the status of {Service} ({Problem}); retrying", EventName = "statusRefused")]
    public static partial void StatusRefused(ILogger logger, ObjectKey service, string problem);

    [LoggerMessage(10010, LogLevel.Information, "{Address} is announced on {Link}", EventName = "addressTaken")]
    public static partial void Taken(ILogger logger, string address, string link);

    [LoggerMessage(10011, LogLevel.Information, "{Address} is announced here no longer; it is {Owner}'s", EventName = "addressLeft")]
    public static partial void Left(ILogger logger, string address, string owner);

    [LoggerMessage(10012, LogLevel.Warning, "{Mac} on {Link} says that it has {Address} too", EventName = "addressConflict")]
    public static partial void Conflict(ILogger logger, string address, string mac, string link);

    [LoggerMessage(10013, LogLevel.Warning, "{Address} cannot be announced: no link of this node is fit for it", EventName = "addressWithoutLink")]
    public static partial void NoLink(ILogger logger, string address);

    [LoggerMessage(10014, LogLevel.Warning, "cannot announce on {Link}: {Problem}; retrying", EventName = "linkFailed")]
    public static partial void LinkFailed(ILogger logger, string link, string problem);

    [LoggerMessage(10020, LogLevel.Warning, "node {Node} is gone, as far as this one hears: {Reason}", EventName = "nodeLost")]
    public static partial void NodeLost(ILogger logger, string node, string reason);

    [LoggerMessage(10021, LogLevel.Information, "node {Node} is there", EventName = "nodeFound")]
    public static partial void NodeFound(ILogger logger, string node);

    [LoggerMessage(10022, LogLevel.Warning, "the heartbeats' key cannot be read ({Problem}); nothing is announced until it can", EventName = "keyMissing")]
    public static partial void KeyMissing(ILogger logger, string problem);

    [LoggerMessage(10023, LogLevel.Information, "stopping as a node that {Intent}", EventName = "farewell")]
    public static partial void Farewell(ILogger logger, string intent);
}

using Microsoft.Extensions.Logging;

namespace Kn.ServiceProxy;

/// <summary>Log messages of the module; ids 6000 to 6999.</summary>
internal static partial class ServiceProxyLog
{
    [LoggerMessage(6000, LogLevel.Information, "Adopted the table inet kn-proxy: {Ports} Service ports are as they were left", EventName = "adopted")]
    public static partial void Adopted(ILogger logger, int ports);

    [LoggerMessage(6001, LogLevel.Warning, "The table inet kn-proxy holds {Elements} elements that belong to no Service port as it should be; they are replaced", EventName = "strays")]
    public static partial void Strays(ILogger logger, int elements);

    [LoggerMessage(6002, LogLevel.Warning, "The table inet kn-proxy is '{Found}' in place of '{Wanted}'; it is replaced in one transaction, connections go on", EventName = "willReplace")]
    public static partial void WillReplace(ILogger logger, string found, string wanted);

    [LoggerMessage(6003, LogLevel.Warning, "{Conflicts} addresses are claimed by more than one Service; the first by namespace and name has each", EventName = "conflicts")]
    public static partial void Conflicts(ILogger logger, int conflicts);

    [LoggerMessage(6004, LogLevel.Debug, "One transaction: {Elements} elements, {Chains} new chains", EventName = "applied")]
    public static partial void Applied(ILogger logger, int elements, int chains);

    [LoggerMessage(6005, LogLevel.Debug, "Forgot {Flows} UDP flows to endpoints that are gone", EventName = "flowsForgotten")]
    public static partial void FlowsForgotten(ILogger logger, int flows);

    [LoggerMessage(6006, LogLevel.Warning, "UDP flows to endpoints that are gone could not be deleted and live until they expire: {Error}", EventName = "flowsKept")]
    public static partial void FlowsKept(ILogger logger, string error);

    [LoggerMessage(6007, LogLevel.Warning, "The health of {Owner} cannot be asked for on {Address}, trying again every 10 s: {Error}", EventName = "healthPortFailed")]
    public static partial void HealthPortFailed(ILogger logger, string owner, string address, string error);
}

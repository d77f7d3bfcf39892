using Microsoft.Extensions.Logging;

namespace Kn.ServiceProxy;

/// <summary>Log messages of the module; ids 3000 to 3099.</summary>
internal static partial class ServiceProxyLog
{
    [LoggerMessage(3000, LogLevel.Information, "Adopted the table inet kn-proxy: {Ports} Service ports are as they were left")]
    public static partial void Adopted(ILogger logger, int ports);

    [LoggerMessage(3001, LogLevel.Warning, "The table inet kn-proxy holds {Elements} elements that belong to no Service port as it should be; they are replaced")]
    public static partial void Strays(ILogger logger, int elements);

    [LoggerMessage(3002, LogLevel.Warning, "The table inet kn-proxy is '{Found}' in place of '{Wanted}'; it is replaced in one transaction, connections go on")]
    public static partial void WillReplace(ILogger logger, string found, string wanted);

    [LoggerMessage(3003, LogLevel.Warning, "{Conflicts} addresses are claimed by more than one Service; the first by namespace and name has each")]
    public static partial void Conflicts(ILogger logger, int conflicts);

    [LoggerMessage(3004, LogLevel.Debug, "One transaction: {Elements} elements, {Chains} new chains")]
    public static partial void Applied(ILogger logger, int elements, int chains);

    [LoggerMessage(3005, LogLevel.Debug, "Forgot {Flows} UDP flows to endpoints that are gone")]
    public static partial void FlowsForgotten(ILogger logger, int flows);

    [LoggerMessage(3006, LogLevel.Warning, "UDP flows to endpoints that are gone could not be deleted and live until they expire: {Error}")]
    public static partial void FlowsKept(ILogger logger, string error);
}

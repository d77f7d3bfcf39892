using Microsoft.Extensions.Logging;

namespace Kn.Policy;

/// <summary>Log messages of the module; ids 8000 to 8999.</summary>
internal static partial class PolicyLog
{
    [LoggerMessage(8000, LogLevel.Information, "The table inet kn-policy is as it should be; {Differences} differences were put right", EventName = "adopted")]
    public static partial void Adopted(ILogger logger, int differences);

    [LoggerMessage(8001, LogLevel.Warning, "The table inet kn-policy is '{Found}' where '{Wanted}' is wanted, or its rules were changed; it is replaced in one transaction", EventName = "replaces")]
    public static partial void Replaces(ILogger logger, string found, string wanted);

    [LoggerMessage(8002, LogLevel.Debug, "One transaction: {Operations} operations", EventName = "applied")]
    public static partial void Applied(ILogger logger, int operations);

    [LoggerMessage(8003, LogLevel.Warning, "Dropped packets are not logged, so kn policy drops has nothing to tell: {Missing}", EventName = "dropsNotLogged")]
    public static partial void DropsNotLogged(ILogger logger, string missing);

    [LoggerMessage(8004, LogLevel.Warning, "Dropped packets cannot be listened to: {Fault}", EventName = "cannotListen")]
    public static partial void CannotListen(ILogger logger, string fault);

    [LoggerMessage(8005, LogLevel.Warning, "The counters of dropped packets cannot be read: {Fault}", EventName = "cannotCount")]
    public static partial void CannotCount(ILogger logger, string fault);
}

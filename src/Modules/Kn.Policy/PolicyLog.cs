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
}

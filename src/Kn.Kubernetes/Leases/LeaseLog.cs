using Microsoft.Extensions.Logging;

namespace Kn.Kubernetes.Leases;

/// <summary>What an election has to say; event ids 2050 to 2059.</summary>
internal static partial class LeaseLog
{
    [LoggerMessage(2050, LogLevel.Information, "{Identity} leads now", EventName = "elected")]
    public static partial void Elected(ILogger logger, string identity);

    [LoggerMessage(2051, LogLevel.Warning, "{Identity} leads no longer: the Lease could not be renewed, or another has it", EventName = "leadershipLost")]
    public static partial void Lost(ILogger logger, string identity);

    [LoggerMessage(2052, LogLevel.Information, "{Identity} gave the Lease back", EventName = "leadershipReleased")]
    public static partial void Released(ILogger logger, string identity);

    [LoggerMessage(2053, LogLevel.Debug, "the Lease could not be given back and will run out: {Problem}", EventName = "leadershipNotReleased")]
    public static partial void NotReleased(ILogger logger, string problem);

    [LoggerMessage(2054, LogLevel.Debug, "the leader is '{Leader}'", EventName = "leaderChanged")]
    public static partial void LeaderChanged(ILogger logger, string leader);

    [LoggerMessage(2055, LogLevel.Warning, "the Lease cannot be read or written ({Problem}); retrying", EventName = "leaseLost")]
    public static partial void Unreachable(ILogger logger, string problem);

    [LoggerMessage(2056, LogLevel.Information, "the Lease can be read and written again", EventName = "leaseBack")]
    public static partial void Reachable(ILogger logger);
}

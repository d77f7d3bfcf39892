using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Dns;

/// <summary>Events 7000–7049.</summary>
internal static partial class DnsLog
{
    [LoggerMessage(7000, LogLevel.Information, "serving the cluster's names on {Addresses} port {Port}", EventName = "serving")]
    internal static partial void Serving(ILogger logger, string addresses, ushort port);

    [LoggerMessage(7001, LogLevel.Error, "a query from {Address} made Kn stumble; others are answered", EventName = "queryFault")]
    internal static partial void Fault(ILogger logger, Exception exception, IpAddress address);

    [LoggerMessage(7002, LogLevel.Information, "{Client} asked for {Name} {Type}: {Rcode} ({Rule})", EventName = "query")]
    internal static partial void Query(ILogger logger, IpAddress client, string name, DnsType type, string rcode, AnswerRule rule);

    [LoggerMessage(7003, LogLevel.Debug, "a connection could not be accepted: {Error}", EventName = "acceptFailed")]
    internal static partial void AcceptFailed(ILogger logger, string error);

    [LoggerMessage(7004, LogLevel.Warning, "the Service proxy is slow or fails: the names of {Names} Services are given out although their addresses may not be served yet", EventName = "namesAhead")]
    internal static partial void NamesAhead(ILogger logger, int names);

    [LoggerMessage(7005, LogLevel.Warning, "the cluster is not known yet: its names get SERVFAIL, others are answered", EventName = "notSynced")]
    internal static partial void NotSynced(ILogger logger);

    [LoggerMessage(7006, LogLevel.Information, "the kernel has no dummy links: {Link} is a bridge without ports", EventName = "bridgeInstead")]
    internal static partial void BridgeInstead(ILogger logger, string link);

    [LoggerMessage(7007, LogLevel.Warning, "nobody knows which addresses pods have: every client with a private address may ask", EventName = "clientsUnknown")]
    internal static partial void ClientsUnknown(ILogger logger);

    [LoggerMessage(7008, LogLevel.Information, "{Socket} of the last process is taken over, with what waits in it", EventName = "socketTakenOver")]
    internal static partial void SocketTakenOver(ILogger logger, string socket);

    [LoggerMessage(7009, LogLevel.Warning, "the stored {Socket} cannot be used and is bound anew: {Problem}", EventName = "socketRefused")]
    internal static partial void SocketRefused(ILogger logger, string socket, string problem);
}

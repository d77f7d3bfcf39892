using Microsoft.Extensions.Logging;

namespace Kn.Dns.Forwarding;

/// <summary>Events 7050–7079.</summary>
internal static partial class ForwardLog
{
    [LoggerMessage(7050, LogLevel.Information, "names outside the cluster are asked of {Upstreams}, from {Source}", EventName = "upstreams")]
    internal static partial void Upstreams(ILogger logger, string upstreams, string source);

    [LoggerMessage(7051, LogLevel.Warning, "nobody to ask for names outside the cluster: {Source} names no server; they are answered with SERVFAIL", EventName = "noUpstreams")]
    internal static partial void NoUpstreams(ILogger logger, string source);

    [LoggerMessage(7052, LogLevel.Warning, "upstream {Upstream} is passed over until it answers probes: {Error}", EventName = "upstreamDown")]
    internal static partial void UpstreamDown(ILogger logger, string upstream, string error);

    [LoggerMessage(7053, LogLevel.Information, "upstream {Upstream} answers again", EventName = "upstreamUp")]
    internal static partial void UpstreamUp(ILogger logger, string upstream);

    [LoggerMessage(7054, LogLevel.Error, "questions to upstream {Upstream} come back to this server: it is not asked. Let it ask others than this node, or name other servers in dns.forward.upstreams", EventName = "forwardLoop")]
    internal static partial void Loop(ILogger logger, string upstream);

    [LoggerMessage(7055, LogLevel.Information, "questions to upstream {Upstream} no longer come back to this server", EventName = "forwardLoopGone")]
    internal static partial void LoopGone(ILogger logger, string upstream);

    [LoggerMessage(7056, LogLevel.Warning, "{Source} names {Address}, which is this server itself: left out", EventName = "ownNameserver")]
    internal static partial void OwnNameserver(ILogger logger, string source, string address);

    [LoggerMessage(7057, LogLevel.Warning, "{Source}: '{Entry}' is no address: left out", EventName = "badNameserver")]
    internal static partial void BadNameserver(ILogger logger, string source, string entry);

    [LoggerMessage(7058, LogLevel.Warning, "{Path} cannot be read, what it said before stays: {Error}", EventName = "resolvConfUnreadable")]
    internal static partial void ResolvConfUnreadable(ILogger logger, string path, string error);

    [LoggerMessage(7059, LogLevel.Error, "forwarding a question failed, which is a fault of this program; the client got SERVFAIL", EventName = "forwardFault")]
    internal static partial void Fault(ILogger logger, Exception exception);
}

using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Events;

/// <summary>Events 1060–1069.</summary>
internal static partial class EventLog
{
    [LoggerMessage(1060, LogLevel.Warning, "the API server refuses Events, such as {Reason} about {Object}: {Error}", EventName = "eventsRefused")]
    internal static partial void Refused(ILogger logger, string reason, string @object, string error);
}

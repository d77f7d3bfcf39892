using Kn.Hosting.Metrics;
using Microsoft.Extensions.Logging;

namespace Kn.Dns.Serving;

/// <summary>What all connections share.</summary>
internal sealed record TcpContext
{
    /// <summary>Answers.</summary>
    public required QueryHandler Handler { get; init; }

    /// <summary>Counters and limits of all that comes by TCP; locked while a query is handled, which takes microseconds.</summary>
    public required ServingState State { get; init; }

    /// <summary>How long answers took.</summary>
    public required Histogram Seconds { get; init; }

    /// <summary>Who may have how many connections.</summary>
    public required ConnectionLimits Limits { get; init; }

    /// <summary>Section tcp.</summary>
    public required TcpOptions Options { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>For faults.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>Held while <see cref="State"/> is in use.</summary>
    public Lock Gate { get; } = new();
}

using Microsoft.Extensions.Logging;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>What all upstreams share.</summary>
internal sealed record UpstreamContext
{
    /// <summary>Times and limits.</summary>
    public required DnsForwardOptions Options { get; init; }

    /// <summary>What is counted.</summary>
    public required ForwardMetrics Metrics { get; init; }

    /// <summary>Where changes are told.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Opens sockets towards them.</summary>
    public required SocketOpener Open { get; init; }
}

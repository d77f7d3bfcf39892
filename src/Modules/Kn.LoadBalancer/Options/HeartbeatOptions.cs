using Kn.Hosting.Options;

namespace Kn.LoadBalancer;

/// <summary>Config section <c>loadBalancer.heartbeat</c>: the same on every node.</summary>
public sealed record HeartbeatOptions
{
    /// <summary>UDP port between nodes. Default 7946, which firewalls that know MetalLB let through already.</summary>
    public ushort Port { get; init; } = 7946;

    /// <summary>Time between heartbeats. Default 200ms.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>A node is gone after so many that did not come. Default 4: its addresses move within a second, and one lost packet moves nothing.</summary>
    public int Misses { get; init; } = 4;

    /// <summary>How long a node that said that its agent restarts keeps its addresses. Default 15s: an upgrade takes less, and what
    /// the kernel forwards goes on meanwhile.</summary>
    public TimeSpan RestartGrace { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Silence after which a node is gone.</summary>
    internal TimeSpan DeadAfter => Interval * Misses;

    internal void Validate(OptionErrors errors, string path)
    {
        errors.Require(Port > 0, $"{path}.{nameof(Port)}", "must be from 1 to 65535");
        errors.Require(Interval >= TimeSpan.FromMilliseconds(50) && Interval <= TimeSpan.FromSeconds(10), $"{path}.{nameof(Interval)}", "must be from 50ms to 10s");
        errors.Require(Misses is >= 2 and <= 20, $"{path}.{nameof(Misses)}", "must be from 2 to 20");
        errors.Require(RestartGrace >= TimeSpan.Zero && RestartGrace <= TimeSpan.FromMinutes(10), $"{path}.{nameof(RestartGrace)}", "must be from 0s to 10m");
    }
}

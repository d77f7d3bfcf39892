using Kn.Hosting.Options;

namespace Kn.Routes.Bgp.Options;

/// <summary>Graceful restart (RFC 4724), config section <c>routes.bgp.gracefulRestart</c>.</summary>
public sealed record BgpRestartOptions
{
    /// <summary>The longest time that OPEN can tell: it has 12 bits (RFC 4724 §3).</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4095);

    /// <summary>Ask peers to keep this node's routes while its agent restarts, and keep theirs while they do. Default true: an upgrade loses no packet.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>How long. Default 120 s, as FRR and BIRD.</summary>
    public TimeSpan RestartTime { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long a peer that is back has to tell its routes again. Default 360 s, as FRR.</summary>
    public TimeSpan StaleTime { get; init; } = TimeSpan.FromSeconds(360);

    /// <summary>How long a restarted agent waits for its peers before it chooses among what it has heard, and removes from the kernel what nobody told
    /// again. Default 60 s: a router that is being restarted too is back by then.</summary>
    public TimeSpan SelectionDeferral { get; init; } = TimeSpan.FromSeconds(60);

    internal void Validate(OptionErrors errors, string prefix)
    {
        errors.Require(RestartTime >= TimeSpan.FromSeconds(1) && RestartTime <= Longest, prefix + nameof(RestartTime), "must be from 1s to 4095s");
        errors.Require(StaleTime >= TimeSpan.FromSeconds(1), prefix + nameof(StaleTime), "must be at least 1s");
        errors.Require(SelectionDeferral >= TimeSpan.FromSeconds(1), prefix + nameof(SelectionDeferral), "must be at least 1s");
    }
}

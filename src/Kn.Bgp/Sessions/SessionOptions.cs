namespace Kn.Bgp.Sessions;

/// <summary>What the state machine of one peer is told.</summary>
internal sealed record SessionOptions
{
    public required uint LocalAs { get; init; }

    public required uint PeerAs { get; init; }

    public required uint RouterId { get; init; }

    /// <summary>Waits for the peer's connection, makes none.</summary>
    public bool IsPassive { get; init; }

    /// <summary>How long a silent peer is believed alive; the lower of both sides' counts.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Between two tries to connect, before jitter.</summary>
    public TimeSpan ConnectRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long it stays idle after the first failure; doubles with each.</summary>
    public TimeSpan IdleHold { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest that it stays idle.</summary>
    public TimeSpan MaxIdleHold { get; init; } = TimeSpan.FromSeconds(60);

    public FamilySet Families { get; init; } = FamilySet.Both;

    public bool ExtendedNextHop { get; init; }

    /// <summary>How long peers shall keep our routes while we restart; zero: no graceful restart.</summary>
    public TimeSpan RestartTime { get; init; }

    /// <summary>The speaker started on a node whose forwarding had gone on meanwhile.</summary>
    public bool IsForwardingPreserved { get; init; }

    public bool IsExternal => LocalAs != PeerAs;
}

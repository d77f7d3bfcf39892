namespace Kn.Lab.Kubelet;

/// <summary>Where a container stands; swapped whole at every step.</summary>
internal sealed record ContainerState
{
    /// <summary>Why it does not run yet or again: ContainerCreating, CrashLoopBackOff.</summary>
    public string WaitingReason { get; init; } = "ContainerCreating";

    /// <summary>When the present run began; null while it waits or has ended.</summary>
    public DateTimeOffset? RunningSince { get; init; }

    /// <summary>How the last run ended; null while the first is going on.</summary>
    public ContainerEnd? LastEnd { get; init; }

    /// <summary>It ended and will not start again.</summary>
    public bool IsOver { get; init; }

    /// <summary>It runs and its readiness probe says so.</summary>
    public bool IsReady { get; init; }

    /// <summary>How often it was started again.</summary>
    public int Restarts { get; init; }

    /// <summary>Whether a container that ended with this code is started again.</summary>
    /// <param name="policy">spec.restartPolicy.</param>
    /// <param name="exitCode">How it ended.</param>
    public static bool ShouldRestart(string policy, int exitCode) => policy switch
    {
        "Never" => false,
        "OnFailure" => exitCode != 0,
        _ => true,
    };
}

/// <summary>The end of a run.</summary>
internal sealed record ContainerEnd(int ExitCode, DateTimeOffset StartedAt, DateTimeOffset FinishedAt);

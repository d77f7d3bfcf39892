namespace Kn.Kubernetes.Leases;

/// <summary>The pace of an election. The defaults are those of Kubernetes' own components.</summary>
/// <remarks>k8s.io/component-base/config LeaderElectionConfiguration; k8s.io/client-go/tools/leaderelection.</remarks>
public sealed record ElectionOptions
{
    /// <summary>Who takes part; unique in the cluster. An identity that finds itself as the holder goes on leading: it is the same node's
    /// last process, which is gone.</summary>
    public required string Identity { get; init; }

    /// <summary>Others take over when they have seen no change for this long.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A leader that could not renew for this long leads no longer; shorter than <see cref="LeaseDuration"/>, so that it has stopped
    /// before another starts.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between tries.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How many take part. With more than <see cref="FullPaceCandidates"/> each looks less often, so that the API server is asked
    /// equally often by all of them together, however many they are.</summary>
    public Func<int> Candidates { get; init; } = static () => 1;

    /// <summary>So many look at the Lease every <see cref="RetryPeriod"/> (client-go's pace).</summary>
    internal const int FullPaceCandidates = 8;
}

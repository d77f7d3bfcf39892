namespace Kn.Kubernetes.Cache;

/// <summary>How one watched kind is doing, at one moment.</summary>
/// <param name="Kind">Which kind.</param>
/// <param name="Origin">Where its objects come from.</param>
/// <param name="Objects">How many are held.</param>
/// <param name="Counters">What happened since the start; keeps counting.</param>
/// <param name="Problem">Why it is not up to date, in words; null while it is.</param>
public sealed record KindStatus(ResourceKind Kind, CacheOrigin Origin, int Objects, KindCounters Counters, string? Problem);

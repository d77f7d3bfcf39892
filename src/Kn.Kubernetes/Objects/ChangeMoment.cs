namespace Kn.Kubernetes.Objects;

/// <summary>When a change of an object began. It tells of a write and says nothing about the object, so two moments are always equal:
/// an object that was written again without another difference is the same object.</summary>
public readonly struct ChangeMoment(DateTimeOffset? time) : IEquatable<ChangeMoment>
{
    private readonly long _utcTicks = time?.UtcTicks ?? 0;

    /// <summary>The time; null when nobody said.</summary>
    public DateTimeOffset? Time => _utcTicks == 0 ? null : new DateTimeOffset(_utcTicks, TimeSpan.Zero);

    /// <summary>Always true.</summary>
    public bool Equals(ChangeMoment other) => true;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ChangeMoment;

    /// <inheritdoc/>
    public override int GetHashCode() => 0;

    /// <summary>Always true.</summary>
    public static bool operator ==(ChangeMoment left, ChangeMoment right) => left.Equals(right);

    /// <summary>Always false.</summary>
    public static bool operator !=(ChangeMoment left, ChangeMoment right) => !left.Equals(right);
}

using Kn.Kubernetes.Objects;

namespace Kn.Policy.Planning;

/// <summary>What names a piece.</summary>
/// <param name="Kind">The kind of piece.</param>
/// <param name="Object">The policy or pod; empty for the table.</param>
internal readonly record struct PolicyKey(PolicyKeyKind Kind, ObjectKey Object) : IComparable<PolicyKey>
{
    /// <summary>The table's own.</summary>
    public static PolicyKey Table { get; } = new(PolicyKeyKind.Table, new ObjectKey("", ""));

    /// <summary>A policy's.</summary>
    public static PolicyKey OfPolicy(ObjectKey key) => new(PolicyKeyKind.Policy, key);

    /// <summary>A pod's.</summary>
    public static PolicyKey OfPod(ObjectKey key) => new(PolicyKeyKind.Pod, key);

    /// <inheritdoc/>
    public int CompareTo(PolicyKey other)
    {
        var byKind = Kind.CompareTo(other.Kind);
        var byNamespace = byKind != 0 ? byKind : string.CompareOrdinal(Object.Namespace, other.Object.Namespace);
        return byNamespace != 0 ? byNamespace : string.CompareOrdinal(Object.Name, other.Object.Name);
    }
}

/// <summary>The kinds of pieces.</summary>
internal enum PolicyKeyKind : byte
{
    /// <summary>The table itself: its layout, and that it is as it was left.</summary>
    Table,

    /// <summary>The rules of a NetworkPolicy.</summary>
    Policy,

    /// <summary>A pod: what others see of it and, on this node, which classes it belongs to.</summary>
    Pod,
}

namespace Kn.Hosting.Reconciling;

/// <summary>A diff of pieces: what to do so that the applied state becomes the planned one.</summary>
public sealed class Changes<TKey, TPiece>
    where TKey : notnull
    where TPiece : class, IEquatable<TPiece>
{
    /// <summary>A diff of these changes, each of a different key, each a real difference.</summary>
    public Changes(IReadOnlyList<Change<TKey, TPiece>> all) => All = all;

    /// <summary>Each changed key, in no particular order.</summary>
    public IReadOnlyList<Change<TKey, TPiece>> All { get; }

    /// <summary>True when there is nothing to do.</summary>
    public bool IsEmpty => All.Count == 0;
}

/// <summary>One key's change; <paramref name="Before"/> is null when it is added, <paramref name="After"/> when it is removed.</summary>
public readonly record struct Change<TKey, TPiece>(TKey Key, TPiece? Before, TPiece? After)
    where TKey : notnull
    where TPiece : class, IEquatable<TPiece>;

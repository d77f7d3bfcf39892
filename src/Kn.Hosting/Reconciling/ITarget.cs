using Kn.Kubernetes.Cache;
using Kn.Primitives;

namespace Kn.Hosting.Reconciling;

/// <summary>Something driven to a desired state: an nft table, routes, the DNS zone, the prefixes a BGP peer is told.</summary>
/// <remarks>The state is a map from a key (a Service port, a node, a policy) to a piece.
/// Converged means that <see cref="ReadAsync"/> equals the pieces of every key. The loop calls one method at a time.</remarks>
public interface ITarget<TKey, TPiece>
    where TKey : notnull
    where TPiece : class, IEquatable<TPiece>
{
    /// <summary>Name in logs and metrics, such as "services".</summary>
    string Name { get; }

    /// <summary>Pure: every key that has a piece, or may have one, in this snapshot.</summary>
    IEnumerable<TKey> Keys(ClusterSnapshot cluster);

    /// <summary>Pure: adds the keys whose piece this change may alter, for the state before it and after it.</summary>
    void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<TKey> keys);

    /// <summary>Pure: same snapshot, same answer. No clock, I/O, randomness or logging; null when the key needs nothing; what it cannot
    /// honour goes to <paramref name="problems"/>.</summary>
    TPiece? Plan(ClusterSnapshot cluster, TKey key, Problems problems);

    /// <summary>Whether a plan may have another answer than at the last pass that ended well though the cluster has not changed, since it hangs on something else
    /// (this node's links) that has; asked after <see cref="ReadAsync"/>. While false, what somebody else changed is repaired from the plans of
    /// before.</summary>
    bool PlansMayDiffer => true;

    /// <summary>What is there now, in Plan's own terms. Also learns whatever <see cref="ApplyAsync"/> needs to adopt it.</summary>
    Task<ValueMap<TKey, TPiece>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Atomic where the kernel allows (an nft batch); elsewhere additions before removals. After a throw the loop reads again.</summary>
    Task ApplyAsync(Changes<TKey, TPiece> changes, CancellationToken cancellationToken);

    /// <summary>Called when a pass ended well, whether there was anything to apply or not: everything that was told of is in place.</summary>
    /// <exception cref="Exception">As a failure to apply.</exception>
    void Settled()
    {
    }

    /// <summary>Deletes all it owns. Safe to repeat; "absent" is success.</summary>
    Task RemoveAsync(CancellationToken cancellationToken);
}

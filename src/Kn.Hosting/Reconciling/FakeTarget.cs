using Kn.Kubernetes.Cache;
using Kn.Primitives;

namespace Kn.Hosting.Reconciling;

/// <summary>A target in memory, for tests: strict (a change must match what is there) and, under a seed, unreliable.</summary>
/// <remarks>A failing apply has done a part of its changes, as a target without atomic transactions would.</remarks>
public abstract class FakeTarget<TKey, TPiece> : ITarget<TKey, TPiece>
    where TKey : notnull
    where TPiece : class, IEquatable<TPiece>
{
    private readonly Dictionary<TKey, TPiece> _state = [];
    private readonly Lock _lock = new();
    private Random? _random;
    private double _failureRate;

    /// <inheritdoc/>
    public virtual string Name => "fake";

    /// <summary>What is in the target.</summary>
    public ValueMap<TKey, TPiece> State
    {
        get
        {
            lock (_lock)
            {
                return _state.ToValueMap();
            }
        }
    }

    /// <summary>Changes that were applied, in all.</summary>
    public int AppliedChanges { get; private set; }

    /// <summary>How often everything was read.</summary>
    public int Reads { get; private set; }

    /// <summary>Lets reads and applies fail at random.</summary>
    /// <param name="seed">Makes the failures repeatable.</param>
    /// <param name="rate">0 to 1.</param>
    public void FailAtRandom(int seed, double rate)
    {
        lock (_lock)
        {
            _random = new Random(seed);
            _failureRate = rate;
        }
    }

    /// <summary>Changes the state behind Kn's back; null removes.</summary>
    public void Tamper(TKey key, TPiece? piece)
    {
        lock (_lock)
        {
            Put(key, piece);
        }
    }

    /// <inheritdoc/>
    public virtual bool PlansMayDiffer => true;

    /// <inheritdoc/>
    public abstract IEnumerable<TKey> Keys(ClusterSnapshot cluster);

    /// <inheritdoc/>
    public abstract void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<TKey> keys);

    /// <inheritdoc/>
    public abstract TPiece? Plan(ClusterSnapshot cluster, TKey key, Problems problems);

    /// <inheritdoc/>
    public Task<ValueMap<TKey, TPiece>> ReadAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Reads++;
            MayFail("read");
            return Task.FromResult(_state.ToValueMap());
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">A change does not start from what is there.</exception>
    public Task ApplyAsync(Changes<TKey, TPiece> changes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            foreach (var change in changes.All)
            {
                MayFail("apply");
                if (!Equals(_state.GetValueOrDefault(change.Key), change.Before) || Equals(change.Before, change.After))
                {
                    throw new InvalidOperationException($"{change.Key}: {change.Before} to {change.After} does not fit what is there");
                }

                Put(change.Key, change.After);
                AppliedChanges++;
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _state.Clear();
        }

        return Task.CompletedTask;
    }

    private void Put(TKey key, TPiece? piece)
    {
        if (piece is null)
        {
            _state.Remove(key);
        }
        else
        {
            _state[key] = piece;
        }
    }

    private void MayFail(string operation)
    {
        if (_random?.NextDouble() < _failureRate)
        {
            throw new IOException($"injected failure of {operation}");
        }
    }
}

using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Cache;

/// <summary>The one cache: the current snapshot of the cluster, and who wants to know of changes.</summary>
/// <remarks>Reading <see cref="Current"/> takes no lock. A write that changes no field which Kn holds is dropped, so an object's
/// resourceVersion in a snapshot is that of the last write that mattered.</remarks>
public sealed class ClusterCache
{
    private readonly List<ChangeQueue> _queues = [];
    private readonly KindState?[] _kinds = new KindState?[ResourceKinds.All.Count];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClusterSnapshot _current = ClusterSnapshot.Empty;
    private long _version;

    /// <summary>The latest snapshot.</summary>
    public ClusterSnapshot Current => Volatile.Read(ref _current);

    /// <summary>Grows with each new snapshot; equal versions have the same content.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>True when every watched kind is complete, from the API server or from the snapshot of the last run.</summary>
    public bool IsSynced => _synced.Task.IsCompleted;

    /// <summary>The least trusted origin among the watched kinds; None before any is watched.</summary>
    public CacheOrigin Origin
    {
        get
        {
            lock (Gate)
            {
                var watched = _kinds.OfType<KindState>().ToList();
                return watched.Count == 0 ? CacheOrigin.None : (CacheOrigin)watched.Min(static kind => (int)kind.Origin);
            }
        }
    }

    /// <summary>The kinds that are watched, and how each is doing.</summary>
    public IReadOnlyList<KindStatus> Kinds
    {
        get
        {
            lock (Gate)
            {
                return [.. _kinds.OfType<KindState>().Select(state => state.ToStatus(Current))];
            }
        }
    }

    /// <summary>Held by whoever writes: the snapshot, the queues and the sync states change together.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Completes when <see cref="IsSynced"/> first becomes true.</summary>
    public Task WhenSynced(CancellationToken cancellationToken) => _synced.Task.WaitAsync(cancellationToken);

    /// <summary>Subscribes to changes of these kinds. The queue starts with everything that is already held.</summary>
    public ChangeQueue Subscribe(params IEnumerable<ResourceKind> kinds)
    {
        lock (Gate)
        {
            var queue = new ChangeQueue(this, kinds);
            _queues.Add(queue);
            foreach (var kind in ResourceKinds.All.Where(queue.Wants))
            {
                foreach (var item in kind.ObjectsIn(Current))
                {
                    queue.Add(kind, item.Key, new ObjectChange(null, item));
                }
            }

            return queue;
        }
    }

    /// <summary>Declares which kinds are watched; synced means that all of these are.</summary>
    public void Watch(params IEnumerable<ResourceKind> kinds)
    {
        lock (Gate)
        {
            foreach (var kind in kinds)
            {
                _kinds[kind.Index] ??= new KindState(kind);
            }
        }
    }

    /// <summary>Applies events in order, as one new snapshot.</summary>
    public void Apply(ResourceKind kind, params IReadOnlyCollection<ObjectDelta> deltas)
    {
        lock (Gate)
        {
            ApplyLocked(kind, deltas);
        }
    }

    /// <summary>Applies events of a watch.</summary>
    /// <param name="kind">Their kind.</param>
    /// <param name="deltas">In order.</param>
    /// <param name="receivedAt">When they came in, as the clock's timestamp.</param>
    public void Apply(ResourceKind kind, IReadOnlyCollection<ObjectDelta> deltas, long receivedAt)
    {
        lock (Gate)
        {
            ApplyLocked(kind, deltas, receivedAt);
        }
    }

    /// <summary>Takes these as all objects of the kind, as one new snapshot that differs only where they do, and marks the kind as synced.</summary>
    public void Replace(ResourceKind kind, IEnumerable<KubernetesObject> objects, CacheOrigin origin = CacheOrigin.Api)
    {
        var difference = new ListDifference(kind, Current);
        foreach (var item in objects)
        {
            difference.Add(item);
        }

        Apply(kind, difference, origin);
    }

    /// <summary>Applies what a complete list found to differ, and marks the kind as synced.</summary>
    internal void Apply(ResourceKind kind, ListDifference difference, CacheOrigin origin)
    {
        lock (Gate)
        {
            ApplyLocked(kind, difference.Complete(Current));
            var state = StateOf(kind);
            state.Origin = origin;
            state.Problem = null;
            CheckSynced();
        }
    }

    /// <summary>Takes over the objects of a snapshot file for the kinds of which nothing is known yet; returns those kinds.</summary>
    internal IReadOnlyList<ResourceKind> Load(ClusterSnapshot saved, IEnumerable<ResourceKind> kinds)
    {
        lock (Gate)
        {
            var loaded = new List<ResourceKind>();
            foreach (var kind in kinds.Where(kind => StateOf(kind).Origin == CacheOrigin.None))
            {
                ApplyLocked(kind, [.. kind.ObjectsIn(saved).Select(ObjectDelta.Set)]);
                StateOf(kind).Origin = CacheOrigin.Snapshot;
                loaded.Add(kind);
            }

            CheckSynced();
            return loaded;
        }
    }

    internal KindCounters CountersOf(ResourceKind kind)
    {
        lock (Gate)
        {
            return StateOf(kind).Counters;
        }
    }

    internal CacheOrigin OriginOf(ResourceKind kind)
    {
        lock (Gate)
        {
            return StateOf(kind).Origin;
        }
    }

    internal void SetProblem(ResourceKind kind, string? problem)
    {
        lock (Gate)
        {
            StateOf(kind).Problem = problem;
        }
    }

    internal void Unsubscribe(ChangeQueue queue)
    {
        lock (Gate)
        {
            _queues.Remove(queue);
        }
    }

    private void ApplyLocked(ResourceKind kind, IReadOnlyCollection<ObjectDelta> deltas, long? receivedAt = null)
    {
        var builder = Current.ToBuilder();
        var changes = new List<ObjectChange>(deltas.Count);
        foreach (var delta in deltas)
        {
            var before = kind.Find(builder, delta.Key);
            if (before is not null && delta.Object is not null && before.IsSameAs(delta.Object))
            {
                StateOf(kind).Counters.CountUnchanged();
                continue;
            }

            if (delta.Object is not null)
            {
                builder.Set(delta.Object);
                changes.Add(new ObjectChange(before, delta.Object));
            }
            else if (before is not null)
            {
                builder.Remove(before);
                changes.Add(new ObjectChange(before, null));
            }
        }

        if (changes.Count > 0)
        {
            Publish(kind, builder.ToSnapshot(), changes, receivedAt);
        }
    }

    private void Publish(ResourceKind kind, ClusterSnapshot snapshot, List<ObjectChange> changes, long? receivedAt)
    {
        Volatile.Write(ref _current, snapshot);
        Interlocked.Increment(ref _version);
        foreach (var queue in _queues)
        {
            if (!queue.Wants(kind))
            {
                continue;
            }

            foreach (var change in changes)
            {
                queue.Add(kind, change.Object.Key, change);
            }

            queue.Signal(receivedAt);
        }
    }

    private void CheckSynced()
    {
        if (_kinds.OfType<KindState>().All(static kind => kind.Origin != CacheOrigin.None))
        {
            _synced.TrySetResult();
        }
    }

    private KindState StateOf(ResourceKind kind) => _kinds[kind.Index] ??= new KindState(kind);

    private sealed class KindState(ResourceKind kind)
    {
        public CacheOrigin Origin { get; set; }

        public string? Problem { get; set; }

        public KindCounters Counters { get; } = new();

        public KindStatus ToStatus(ClusterSnapshot snapshot) => new(kind, Origin, kind.CountIn(snapshot), Counters, Problem);
    }
}

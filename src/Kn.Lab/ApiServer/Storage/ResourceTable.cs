using System.Collections.Immutable;

namespace Kn.Lab.ApiServer.Storage;

/// <summary>All objects of one kind, the last changes to them, and who watches.</summary>
/// <remarks>Writes happen under the store's lock; reads take the immutable current state and need none.
/// An older state is the current one with the changes since undone, so no snapshots are kept.</remarks>
internal sealed class ResourceTable(int historyLimit)
{
    private readonly Queue<StoredChange> _history = new();
    private readonly List<Watcher> _watchers = [];
    private TableState _state = new(ImmutableSortedDictionary<ObjectKey, StoredObject>.Empty, 0);

    /// <summary>The current objects.</summary>
    public ImmutableSortedDictionary<ObjectKey, StoredObject> Objects => Volatile.Read(ref _state).Objects;

    /// <summary>A watch can start at this revision or later; earlier changes are forgotten.</summary>
    public ulong Floor { get; private set; }

    public int WatcherCount => _watchers.Count;

    /// <summary>Stores a change and passes it to the watchers. Under the store's lock.</summary>
    public void Apply(StoredChange change)
    {
        var objects = change.Current is null ? Objects.Remove(change.Key) : Objects.SetItem(change.Key, change.Current);
        Volatile.Write(ref _state, new TableState(objects, change.Revision));
        _history.Enqueue(change);
        if (_history.Count > historyLimit)
        {
            Floor = _history.Dequeue().Revision;
        }

        foreach (var watcher in _watchers)
        {
            watcher.Offer(change);
        }

        _watchers.RemoveAll(static watcher => watcher.IsClosed);
    }

    /// <summary>The objects as they were at a revision, or null when that is older than the history. Under the store's lock.</summary>
    public ImmutableSortedDictionary<ObjectKey, StoredObject>? At(ulong revision)
    {
        if (revision < Floor)
        {
            return null;
        }

        var objects = Objects.ToBuilder();
        foreach (var change in _history.Reverse().TakeWhile(change => change.Revision > revision))
        {
            if (change.Previous is null)
            {
                objects.Remove(change.Key);
            }
            else
            {
                objects[change.Key] = change.Previous;
            }
        }

        return objects.ToImmutable();
    }

    /// <summary>The changes after a revision, or null when some are forgotten. Under the store's lock.</summary>
    public IReadOnlyList<StoredChange>? Since(ulong revision) =>
        revision < Floor ? null : _history.Where(change => change.Revision > revision).ToList();

    public void Add(Watcher watcher) => _watchers.Add(watcher);

    public void Remove(Watcher watcher) => _watchers.Remove(watcher);

    private sealed record TableState(ImmutableSortedDictionary<ObjectKey, StoredObject> Objects, ulong Revision);
}

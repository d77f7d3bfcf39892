using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Storage;

/// <summary>All objects in memory, with one revision counter for all kinds as etcd has.</summary>
internal sealed class ObjectStore(int historyLimit)
{
    private readonly ConcurrentDictionary<string, ResourceTable> _tables = new(StringComparer.Ordinal);
    private ulong _revision = 1;

    /// <summary>Held by whoever writes, over read, change and write; and by whoever needs a state and its revision together.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The revision of the last write.</summary>
    public ulong Revision => Volatile.Read(ref _revision);

    public ResourceTable Table(ApiResource resource) => _tables.GetOrAdd(resource.GroupResource, _ => new ResourceTable(historyLimit));

    public StoredObject? Find(ApiResource resource, ObjectKey key) => Table(resource).Objects.GetValueOrDefault(key);

    /// <summary>Stores a new version; the tree becomes the store's own and gets its resourceVersion. Under the gate.</summary>
    public StoredObject Put(ApiResource resource, JsonObject tree, StoredObject? previous)
    {
        var stored = Stamp(tree, ++_revision);
        Table(resource).Apply(new StoredChange(_revision, previous, stored, null));
        return stored;
    }

    /// <summary>Removes an object and returns its last state. Under the gate.</summary>
    public StoredObject Remove(ApiResource resource, StoredObject previous)
    {
        var last = Stamp(previous.Tree.Copy(), ++_revision);
        Table(resource).Apply(new StoredChange(_revision, previous, null, last));
        return last;
    }

    /// <summary>A state and its revision, as one.</summary>
    public (ImmutableSortedDictionary<ObjectKey, StoredObject> Objects, ulong Revision) Snapshot(ApiResource resource)
    {
        lock (Gate)
        {
            return (Table(resource).Objects, _revision);
        }
    }

    /// <summary>An older state, or null when it is forgotten.</summary>
    public ImmutableSortedDictionary<ObjectKey, StoredObject>? SnapshotAt(ApiResource resource, ulong revision)
    {
        lock (Gate)
        {
            return Table(resource).At(revision);
        }
    }

    /// <summary>Joins a watcher: with <paramref name="from"/> null it starts with what is there, else with what changed after that revision.</summary>
    /// <exception cref="StatusException">410: the history does not go back that far.</exception>
    public WatchStart Join(ApiResource resource, Watcher watcher, ulong? from)
    {
        lock (Gate)
        {
            var table = Table(resource);
            var changes = from is { } revision ? table.Since(revision) ?? throw StatusException.TooOld(revision, table.Floor) : [];
            foreach (var change in changes)
            {
                watcher.Offer(change);
            }

            table.Add(watcher);
            return new WatchStart(from is null ? table.Objects : ImmutableSortedDictionary<ObjectKey, StoredObject>.Empty, _revision);
        }
    }

    public void Leave(ApiResource resource, Watcher watcher)
    {
        lock (Gate)
        {
            watcher.Close();
            Table(resource).Remove(watcher);
        }
    }

    /// <summary>The revision up to which a watcher with an empty queue knows everything; null when changes still wait.</summary>
    public ulong? RevisionIfDrained(Watcher watcher)
    {
        lock (Gate)
        {
            return watcher.Changes.TryPeek(out _) ? null : _revision;
        }
    }

    private static StoredObject Stamp(JsonObject tree, ulong revision)
    {
        tree.Ensure("metadata")["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture);
        return new StoredObject(tree, revision);
    }
}

/// <summary>What a watch begins with.</summary>
internal readonly record struct WatchStart(ImmutableSortedDictionary<ObjectKey, StoredObject> Objects, ulong Revision);

using System.Collections;
using System.Collections.Immutable;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Cache;

/// <summary>All objects of one kind at one moment. Immutable; a change makes a new table that shares its unchanged parts.</summary>
public sealed class ObjectTable<T> : IEnumerable<T>
    where T : KubernetesObject
{
    private readonly ImmutableDictionary<ObjectKey, T> _objects;

    private ObjectTable(ImmutableDictionary<ObjectKey, T> objects) => _objects = objects;

    /// <summary>The table without objects.</summary>
    public static ObjectTable<T> Empty { get; } = new(ImmutableDictionary<ObjectKey, T>.Empty);

    /// <summary>How many objects.</summary>
    public int Count => _objects.Count;

    /// <summary>The object of that key, or null.</summary>
    public T? Find(ObjectKey key) => _objects.GetValueOrDefault(key);

    /// <summary>The object of that namespace and name, or null.</summary>
    public T? Find(string @namespace, string name) => Find(new ObjectKey(@namespace, name));

    /// <summary>The cluster-scoped object of that name, or null.</summary>
    public T? Find(string name) => Find(new ObjectKey("", name));

    /// <summary>The table with this object added or replaced.</summary>
    public ObjectTable<T> With(T item) => new(_objects.SetItem(item.Key, item));

    /// <summary>The table with all of these added or replaced.</summary>
    public ObjectTable<T> With(IEnumerable<T> items) =>
        new(_objects.SetItems(items.Select(static item => KeyValuePair.Create(item.Key, item))));

    /// <summary>The table without the object of that key; the same when there is none.</summary>
    public ObjectTable<T> Without(ObjectKey key)
    {
        var rest = _objects.Remove(key);
        return ReferenceEquals(rest, _objects) ? this : new(rest);
    }

    /// <summary>Starts a batch of changes to this table.</summary>
    internal Builder ToBuilder() => new(this);

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => _objects.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>A table under change; it copies nothing until the first change, and then only the parts touched.</summary>
    internal sealed class Builder(ObjectTable<T> origin)
    {
        private ImmutableDictionary<ObjectKey, T>.Builder? _objects;

        /// <summary>The object as the batch so far has it.</summary>
        public T? Find(ObjectKey key)
        {
            if (_objects is null)
            {
                return origin.Find(key);
            }

            return _objects.TryGetValue(key, out var item) ? item : null;
        }

        /// <summary>Adds or replaces.</summary>
        public void Set(T item) => Changed()[item.Key] = item;

        /// <summary>Removes; nothing when it is not there.</summary>
        public void Remove(ObjectKey key) => Changed().Remove(key);

        /// <summary>The table after the batch.</summary>
        public ObjectTable<T> ToTable() => _objects is null ? origin : new(_objects.ToImmutable());

        private ImmutableDictionary<ObjectKey, T>.Builder Changed() => _objects ??= origin._objects.ToBuilder();
    }
}

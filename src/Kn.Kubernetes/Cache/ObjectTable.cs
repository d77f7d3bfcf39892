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

    /// <summary>The table without the object of that key.</summary>
    public ObjectTable<T> Without(ObjectKey key) => new(_objects.Remove(key));

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => _objects.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Cache;

/// <summary>Finds, page by page, how a complete list differs from what is held; keeps only what differs, and the keys seen.</summary>
internal sealed class ListDifference(ResourceKind kind, ClusterSnapshot held)
{
    private readonly HashSet<ObjectKey> _seen = [];
    private readonly List<ObjectDelta> _changed = [];

    /// <summary>An object of the list.</summary>
    public void Add(KubernetesObject item)
    {
        var before = kind.Find(held, item.Key);
        if (before is null || !before.IsSameAs(item))
        {
            _changed.Add(ObjectDelta.Set(item));
            before = item;
        }

        _seen.Add(before.Key);
    }

    /// <summary>An object of the list that could not be decoded: what is held of it stays.</summary>
    public void Keep(ObjectKey key) => _seen.Add(key);

    /// <summary>All that has to change, deletions included.</summary>
    /// <param name="current">What is held now.</param>
    public IReadOnlyCollection<ObjectDelta> Complete(ClusterSnapshot current)
    {
        foreach (var item in kind.ObjectsIn(current))
        {
            if (!_seen.Contains(item.Key))
            {
                _changed.Add(ObjectDelta.Gone(item.Key));
            }
        }

        return _changed;
    }
}

using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Cache;

/// <summary>One step of a batch for the cache: an object as it now is, or the key of one that is gone.</summary>
/// <param name="Key">Which object.</param>
/// <param name="Object">Its state; null when it is gone.</param>
public readonly record struct ObjectDelta(ObjectKey Key, KubernetesObject? Object)
{
    /// <summary>The object was added or changed.</summary>
    public static ObjectDelta Set(KubernetesObject item) => new(item.Key, item);

    /// <summary>The object is gone.</summary>
    public static ObjectDelta Gone(ObjectKey key) => new(key, null);
}

using Kn.Primitives;

namespace Kn.Kubernetes.Objects;

/// <summary>An object of the API server, reduced to the fields that Kn uses; frozen, compared by value.</summary>
public abstract record KubernetesObject
{
    /// <summary>The object's metadata.</summary>
    public ObjectMeta Metadata { get; init; } = new();

    /// <summary>Namespace and name.</summary>
    public ObjectKey Key => new(Metadata.Namespace, Metadata.Name);

    /// <summary>Equal in all but resourceVersion: the writes between the two changed nothing that Kn uses.</summary>
    public bool IsSameAs(KubernetesObject other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        var version = Metadata.ResourceVersion;
        return Equals(version == other.Metadata.ResourceVersion
            ? other
            : other with { Metadata = other.Metadata with { ResourceVersion = version } });
    }
}

/// <summary>metadata of every object (meta/v1 ObjectMeta).</summary>
public sealed record ObjectMeta
{
    /// <summary>The name, unique within kind and namespace.</summary>
    public string Name { get; init; } = "";

    /// <summary>The namespace; empty for cluster-scoped objects.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Unique over time: a re-created object of the same name has another.</summary>
    public string Uid { get; init; } = "";

    /// <summary>Opaque version, equal only for the same state.</summary>
    public string ResourceVersion { get; init; } = "";

    /// <summary>When it was created.</summary>
    public DateTimeOffset? CreationTimestamp { get; init; }

    /// <summary>When its deletion was asked for; null while it lives.</summary>
    public DateTimeOffset? DeletionTimestamp { get; init; }

    /// <summary>Labels.</summary>
    public ValueMap<string, string> Labels { get; init; }

    /// <summary>Annotations, without kubectl's last-applied-configuration.</summary>
    public ValueMap<string, string> Annotations { get; init; }
}

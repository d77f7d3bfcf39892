using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Planning;

/// <summary>This node, as plans see it.</summary>
internal sealed record PolicyNode
{
    /// <summary>Its name in the API.</summary>
    public required string Name { get; init; }

    /// <summary>The module's options.</summary>
    public PolicyOptions Options { get; init; } = new();

    /// <summary>Addresses that pods of this node have and the API may not know yet: what the pod gate learns from CNI ADD.</summary>
    public ValueMap<ObjectKey, ValueList<IpAddress>> Attached { get; init; }
}

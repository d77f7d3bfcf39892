using Kn.Hosting.Pods;
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

    /// <summary>Interfaces that CNI gave to pods of this node, by the pod: their addresses are known here before the API knows them.</summary>
    public ValueMap<ObjectKey, ValueList<AttachedPod>> Attached { get; init; }

    /// <summary>What a container goes by here. One that the runtime did not name as a pod has no namespace, which no pod of the API is without.</summary>
    public static ObjectKey KeyOf(AttachedPod pod) => pod.Pod ?? new ObjectKey("", pod.HostLink);

    /// <summary>The node with these attachments.</summary>
    public PolicyNode With(ValueList<AttachedPod> attached)
    {
        var byPod = new Dictionary<ObjectKey, ValueList<AttachedPod>>();
        foreach (var pod in attached)
        {
            var key = KeyOf(pod);
            byPod[key] = byPod.GetValueOrDefault(key).Append(pod).ToValueList();
        }

        return this with { Attached = byPod.ToValueMap() };
    }
}

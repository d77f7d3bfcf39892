using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Planning;

/// <summary>Pods of this node that the same rules apply to, in one direction: they share a chain.</summary>
/// <param name="Direction">The direction.</param>
/// <param name="Policies">The policies that select them and have rules, sorted; none for pods that may talk to nobody.</param>
/// <param name="Ports">For ingress, those of the pods' own named ports that the rules name, sorted.</param>
internal sealed record PolicyClass(PolicyDirection Direction, ValueList<ObjectKey> Policies, ValueList<NamedPort> Ports)
{
    /// <summary>A hash that is the same in every process.</summary>
    public StableHash Hash()
    {
        var hash = StableHash.Start.Add((uint)Direction);
        foreach (var policy in Policies)
        {
            hash = hash.Add(policy.Namespace).Add(policy.Name);
        }

        foreach (var port in Ports)
        {
            hash = hash.Add(port.Name).Add((uint)port.Protocol).Add(port.Port);
        }

        return hash;
    }
}

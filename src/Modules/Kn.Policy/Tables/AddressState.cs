using Kn.Policy.Peers;

namespace Kn.Policy.Tables;

/// <summary>What the table says of a pod's address.</summary>
/// <param name="Identity">Who it is to others.</param>
/// <param name="IsLocal">Whether its pod is on this node.</param>
/// <param name="Ingress">The class of what comes to it; null for open.</param>
/// <param name="Egress">The class of what it sends; null for open.</param>
internal sealed record AddressState(Identity Identity, bool IsLocal, ClassState? Ingress, ClassState? Egress)
{
    /// <summary>Whether the table says the same.</summary>
    public bool IsAs(AddressState other) =>
        ReferenceEquals(Identity, other.Identity) && IsLocal == other.IsLocal && Ingress == other.Ingress && Egress == other.Egress;
}

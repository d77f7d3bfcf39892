using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Planning;

/// <summary>What a key asks for.</summary>
internal abstract record PolicyPiece;

/// <summary>The table.</summary>
/// <param name="Layout">What the table says of itself; of a table that was read and is not as it was left, what is wrong.</param>
/// <param name="IsHooked">Whether packets come by: not where nothing in the cluster isolates any pod.</param>
internal sealed record TablePiece(string Layout, bool IsHooked) : PolicyPiece;

/// <summary>The rules of a policy.</summary>
/// <param name="Ingress">Who may come in.</param>
/// <param name="Egress">Where pods may go.</param>
internal sealed record RulesPiece(ValueList<AllowRule> Ingress, ValueList<AllowRule> Egress) : PolicyPiece;

/// <summary>A pod that runs, in a network of its own.</summary>
/// <param name="Addresses">Its addresses, sorted, each once.</param>
/// <param name="Identity">What policies can see of it.</param>
/// <param name="Local">Its classes; null for a pod of another node.</param>
/// <param name="Claim">Its right to its addresses where another pod names them too.</param>
internal sealed record PodPiece(ValueList<IpAddress> Addresses, PeerIdentity Identity, LocalPod? Local, AddressClaim Claim) : PolicyPiece
{
    /// <summary>Those of its addresses that CNI gave it.</summary>
    public ValueList<IpAddress> Attached { get; init; }

    /// <summary>Its right to one of its addresses.</summary>
    public AddressClaim ClaimTo(IpAddress address) => Attached.Contains(address) ? Claim with { Source = ClaimSource.Cni } : Claim;
}

/// <summary>What selects a pod of this node.</summary>
/// <param name="Ingress">Its class for what comes in; null where nothing isolates it.</param>
/// <param name="Egress">Its class for what goes out; null where nothing isolates it.</param>
internal sealed record LocalPod(PolicyClass? Ingress, PolicyClass? Egress);

/// <summary>Which of two pods with the same address has it: the one that CNI gave it to, else the one that is not leaving, else the one made later, else
/// the first by name.</summary>
internal readonly record struct AddressClaim(bool IsLeaving, long CreatedTicks, ObjectKey Pod) : IComparable<AddressClaim>
{
    /// <summary>Who says so.</summary>
    public ClaimSource Source { get; init; } = ClaimSource.Api;

    /// <summary>The better claim first.</summary>
    public int CompareTo(AddressClaim other)
    {
        if (Source != other.Source)
        {
            return Source.CompareTo(other.Source);
        }

        if (IsLeaving != other.IsLeaving)
        {
            return IsLeaving ? 1 : -1;
        }

        var byAge = other.CreatedTicks.CompareTo(CreatedTicks);
        return byAge != 0 ? byAge : PolicyKey.OfPod(Pod).CompareTo(PolicyKey.OfPod(other.Pod));
    }
}

/// <summary>Who says that an address is a pod's; the most trusted first.</summary>
internal enum ClaimSource : byte
{
    /// <summary>CNI on this node, of a pod that the API knows.</summary>
    Cni,

    /// <summary>The pod's status.</summary>
    Api,

    /// <summary>CNI, of a container that is no pod of Kubernetes: whatever the API says of its address is nearer to the truth.</summary>
    Stranger,
}

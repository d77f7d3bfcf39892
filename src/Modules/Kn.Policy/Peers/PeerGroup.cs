using Kn.Kubernetes.Objects;
using Kn.Policy.Planning;
using Kn.Primitives;

namespace Kn.Policy.Peers;

/// <summary>The identities that a peer of rules means; one object for all rules that name the same peer.</summary>
internal sealed class PeerGroup
{
    private readonly PodPeer? _pods;
    private readonly IpBlock? _block;

    /// <summary>Pods.</summary>
    public PeerGroup(PodPeer pods) => _pods = pods;

    /// <summary>Addresses.</summary>
    public PeerGroup(IpBlock block) => _block = block;

    /// <summary>The identities.</summary>
    public HashSet<Identity> Members { get; } = [];

    /// <summary>The classes whose rules name it; a class is here once for each of its terms.</summary>
    public List<ClassState> Users { get; } = [];

    /// <summary>What it stands for in a dictionary.</summary>
    public object Key => (object?)_pods ?? _block!;

    /// <summary>Whether an identity is one of those meant.</summary>
    public bool Means(IdentityContent content) => _pods is not null
        ? content.Pod is { } pod && _pods.Matches(pod)
        : IsInside(content.Blocks, _block!);

    /// <summary>Mostly it is the same object, and comparing blocks costs a walk over their excepts.</summary>
    private static bool IsInside(ValueList<IpBlock> blocks, IpBlock wanted)
    {
        foreach (var block in blocks)
        {
            if (ReferenceEquals(block, wanted) || block == wanted)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Finds all members.</summary>
    public void Fill(IdentityTable identities)
    {
        foreach (var identity in _pods is not null ? identities.Candidates(_pods) : identities.InBlocks)
        {
            if (Means(identity.Content))
            {
                Members.Add(identity);
            }
        }
    }
}

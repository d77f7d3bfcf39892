using Kn.Kubernetes.Objects;
using Kn.Policy.Planning;

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
        : content.Blocks.Contains(_block!);

    /// <summary>Finds all members.</summary>
    public void Fill(IdentityTable identities)
    {
        foreach (var identity in _pods is not null ? identities.Candidates(_pods) : identities.All)
        {
            if (Means(identity.Content))
            {
                Members.Add(identity);
            }
        }
    }
}

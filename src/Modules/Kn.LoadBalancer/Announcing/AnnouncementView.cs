using Kn.Kubernetes.Cache;
using Kn.Primitives;

namespace Kn.LoadBalancer.Announcing;

/// <summary>What this node knows of the announcing, frozen.</summary>
internal sealed record AnnouncementView
{
    public static AnnouncementView Empty { get; } = new();

    /// <summary>The cluster that the plan is of.</summary>
    public ClusterSnapshot Cluster { get; init; } = ClusterSnapshot.Empty;

    /// <summary>The addresses, and their candidates.</summary>
    public IReadOnlyDictionary<IpAddress, AnnouncedAddress> Planned { get; init; } = new Dictionary<IpAddress, AnnouncedAddress>();

    /// <summary>This node's InternalIPs.</summary>
    public ValueList<IpAddress> NodeAddresses { get; init; }

    /// <summary>Peers that are heard.</summary>
    public IReadOnlySet<string> Alive { get; init; } = new HashSet<string>();

    /// <summary>The addresses that this node answers for, with the names of the links.</summary>
    public IReadOnlyDictionary<IpAddress, string> Own { get; init; } = new Dictionary<IpAddress, string>();

    /// <summary>True when this node hands its addresses over.</summary>
    public bool IsLeaving { get; init; }
}

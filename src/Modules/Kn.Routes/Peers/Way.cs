using Kn.Primitives;

namespace Kn.Routes.Peers;

/// <summary>How a node's pods of one family are reached from here.</summary>
public abstract record Way
{
    private protected Way()
    {
    }
}

/// <summary>Nodes share a segment: the node itself is the next hop.</summary>
/// <param name="Gateway">The node's address on it; of IPv6 for IPv4 pods too, where it has no other.</param>
/// <param name="LinkIndex">This node's link to the segment.</param>
public sealed record DirectWay(IpAddress Gateway, int LinkIndex) : Way;

/// <summary>In UDP to the node.</summary>
/// <param name="Remote">The node's address: the outer destination.</param>
public sealed record VxlanWay(IpAddress Remote) : Way
{
    /// <summary>The family of the outer packets.</summary>
    public IpFamily Outer => Remote.Family;
}

/// <summary>Not at all.</summary>
/// <param name="Reason">Why not, to end the sentence "podCIDR … is not routed: "; null where it is meant so.</param>
public sealed record NoWay(string? Reason) : Way;

using Kn.Bgp.Attributes;
using Kn.Primitives;

namespace Kn.Bgp;

/// <summary>A prefix that this speaker announces.</summary>
/// <param name="Prefix">What.</param>
/// <param name="Attributes">What is said of it. The path is empty; a next hop of 0.0.0.0 or :: stands for this speaker's address.</param>
public sealed record LocalRoute(IpPrefix Prefix, PathAttributes Attributes)
{
    /// <summary>A prefix of which nothing special is said.</summary>
    public LocalRoute(IpPrefix prefix)
        : this(prefix, new PathAttributes())
    {
    }
}

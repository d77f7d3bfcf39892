using Kn.Primitives;

namespace Kn.Hosting.Pods;

/// <summary>Which prefixes can be a node's podCIDR at all: the API checks only how they are written. Pure.</summary>
public static class PodCidrRules
{
    private static readonly ValueList<(IpPrefix Prefix, string Name)> Reserved =
    [
        (IpPrefix.Parse("0.0.0.0/8"), "\"this network\""),
        (IpPrefix.Parse("127.0.0.0/8"), "loopback addresses"),
        (IpPrefix.Parse("169.254.0.0/16"), "link-local addresses"),
        (IpPrefix.Parse("224.0.0.0/4"), "multicast addresses"),
        (IpPrefix.Parse("255.255.255.255/32"), "the broadcast address"),
        (IpPrefix.Parse("::/127"), "the unspecified and the loopback address"),
        (IpPrefix.Parse("::ffff:0:0/96"), "IPv4-mapped addresses"),
        (IpPrefix.Parse("fe80::/10"), "link-local addresses"),
        (IpPrefix.Parse("ff00::/8"), "multicast addresses"),
    ];

    /// <summary>Why no pod can have addresses of this prefix, to end the sentence "podCIDR … is not routed: "; null when they can.</summary>
    /// <remarks>The registries of special-purpose addresses, RFC 6890.</remarks>
    public static string? Fault(IpPrefix podCidr)
    {
        foreach (var (prefix, name) in Reserved)
        {
            if (prefix.Overlaps(podCidr))
            {
                return $"it holds {name}, {prefix}";
            }
        }

        return null;
    }
}

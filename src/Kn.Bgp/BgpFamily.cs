using System.Globalization;
using Kn.Primitives;

namespace Kn.Bgp;

/// <summary>What kind of prefixes: address family and subsequent address family (RFC 4760 §3).</summary>
/// <param name="Afi">1 for IPv4, 2 for IPv6.</param>
/// <param name="Safi">1 for unicast.</param>
public readonly record struct BgpFamily(ushort Afi, byte Safi)
{
    /// <summary>IPv4 unicast.</summary>
    public static BgpFamily V4Unicast => new(1, 1);

    /// <summary>IPv6 unicast.</summary>
    public static BgpFamily V6Unicast => new(2, 1);

    /// <summary>Unicast of that family.</summary>
    public static BgpFamily Unicast(IpFamily family) => family == IpFamily.V4 ? V4Unicast : V6Unicast;

    /// <summary>The family, when it is one of the two that Kn speaks.</summary>
    public IpFamily? Known => this == V4Unicast ? IpFamily.V4 : this == V6Unicast ? IpFamily.V6 : null;

    /// <summary>'ipv4-unicast', or the numbers.</summary>
    public override string ToString() => Known switch
    {
        IpFamily.V4 => "ipv4-unicast",
        IpFamily.V6 => "ipv6-unicast",
        _ => string.Create(CultureInfo.InvariantCulture, $"afi {Afi} safi {Safi}"),
    };
}

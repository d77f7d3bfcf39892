using System.Globalization;
using System.Text;
using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>A route of either family.</summary>
/// <remarks>rtnetlink(7). The kernel identifies a route by table, destination and metric (IPv6: next hop too).</remarks>
public sealed record Route
{
    /// <summary>The metric that the kernel gives an IPv6 route without one: IP6_RT_PRIO_USER.</summary>
    public const uint DefaultIPv6Metric = 1024;

    /// <summary>RTPROT_STATIC, the protocol of routes that an administrator made.</summary>
    public const byte StaticProtocol = 4;

    /// <summary>Which addresses; /0 is the default route.</summary>
    public required IpPrefix Destination { get; init; }

    /// <summary>The router to send to; null when the destination is on the link. An IPv4 route may have an IPv6 gateway.</summary>
    public IpAddress? Gateway { get; init; }

    /// <summary>Link to send by; 0 for the types that send nothing, and for multipath.</summary>
    public int LinkIndex { get; init; }

    /// <summary>Source address of packets that this machine makes.</summary>
    public IpAddress? PreferredSource { get; init; }

    /// <summary>The table it is in. Default: main.</summary>
    public RouteTable Table { get; init; } = RouteTable.Main;

    /// <summary>Who made it, RTPROT_*: Kn removes only routes that carry its own number. Default: static.</summary>
    public byte Protocol { get; init; } = StaticProtocol;

    /// <summary>How far; <see cref="RouteScope.Link"/> lets other routes use its addresses as gateways. Default: global.</summary>
    public RouteScope Scope { get; init; }

    /// <summary>What becomes of the packets. Default: unicast.</summary>
    public RouteType Type { get; init; } = RouteType.Unicast;

    /// <summary>Lower wins; 0 is the family's default, which IPv6 reads back as <see cref="DefaultIPv6Metric"/>.</summary>
    public uint Metric { get; init; }

    /// <summary>The gateway is on the link, whatever other routes say.</summary>
    public bool OnLink { get; init; }

    /// <summary>Largest packet on this way; null for the link's.</summary>
    public uint? Mtu { get; init; }

    /// <summary>The ways of a multipath route; empty when <see cref="Gateway"/> and <see cref="LinkIndex"/> say the only one.</summary>
    public ValueList<NextHop> NextHops { get; init; }

    /// <summary>This route as the kernel will report it, so that planned and read routes compare: IPv6 has a default metric and no
    /// scopes, and types that send nothing have no link.</summary>
    public Route Normalized()
    {
        var isV6 = Destination.Family == IpFamily.V6;
        return this with
        {
            Metric = isV6 && Metric == 0 ? DefaultIPv6Metric : Metric,
            Scope = isV6 ? RouteScope.Global : Scope,
            Table = Table == RouteTable.Unspecified ? RouteTable.Main : Table,
            LinkIndex = SendsNothing ? 0 : LinkIndex,
        };
    }

    /// <summary>True for blackhole, unreachable, prohibit and throw.</summary>
    public bool SendsNothing => Type is RouteType.Blackhole or RouteType.Unreachable or RouteType.Prohibit or RouteType.Throw;

    /// <summary>As ip(8) prints it, with link numbers for names.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        if (Type != RouteType.Unicast)
        {
            text.Append(Type.ToString().ToLowerInvariant()).Append(' ');
        }

        text.Append(Destination.Length == 0 ? "default" : Destination.ToString());
        Append(text, " via ", Gateway, Gateway is not null);
        Append(text, " dev #", LinkIndex, LinkIndex != 0);
        Append(text, " table ", (uint)Table, Table != RouteTable.Main);
        Append(text, " proto ", Protocol, present: true);
        Append(text, " src ", PreferredSource, PreferredSource is not null);
        Append(text, " metric ", Metric, Metric != 0);
        Append(text, " mtu ", Mtu, Mtu is not null);
        foreach (var hop in NextHops)
        {
            Append(text, " nexthop via ", hop.Gateway, hop.Gateway is not null);
            Append(text, " dev #", hop.LinkIndex, present: true);
        }

        return OnLink ? text.Append(" onlink").ToString() : text.ToString();
    }

    private static void Append<T>(StringBuilder text, string label, T value, bool present)
    {
        if (present)
        {
            text.Append(CultureInfo.InvariantCulture, $"{label}{value}");
        }
    }
}

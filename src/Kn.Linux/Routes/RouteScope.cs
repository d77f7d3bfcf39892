namespace Kn.Linux.Routes;

/// <summary>How far a destination or an address is; IPv6 routes are always <see cref="Global"/>.</summary>
/// <remarks>RT_SCOPE_*, uapi/linux/rtnetlink.h.</remarks>
public enum RouteScope : byte
{
    /// <summary>RT_SCOPE_UNIVERSE: anywhere, behind a gateway.</summary>
    Global = 0,

    /// <summary>RT_SCOPE_SITE.</summary>
    Site = 200,

    /// <summary>RT_SCOPE_LINK: on the link itself; an IPv4 gateway must be reached by such a route, or be on-link.</summary>
    Link = 253,

    /// <summary>RT_SCOPE_HOST: this machine.</summary>
    Host = 254,

    /// <summary>RT_SCOPE_NOWHERE.</summary>
    Nowhere = 255,
}

namespace Kn.Linux.Routes;

/// <summary>A routing table by its number; any uint may be cast to it.</summary>
/// <remarks>rt_class_t, uapi/linux/rtnetlink.h.</remarks>
public enum RouteTable : uint
{
    /// <summary>No table named.</summary>
    Unspecified = 0,

    /// <summary>Consulted last; empty by default.</summary>
    Default = 253,

    /// <summary>Where routes are without another table.</summary>
    Main = 254,

    /// <summary>Local and broadcast addresses, kept by the kernel.</summary>
    Local = 255,
}

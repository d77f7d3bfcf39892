using Kn.Primitives;

namespace Kn.Linux.Routes.Messages;

/// <summary>AF_* numbers as netlink headers carry them.</summary>
internal static class AddressFamily
{
    internal const byte AF_UNSPEC = 0;
    internal const byte AF_INET = 2;
    internal const byte AF_BRIDGE = 7;
    internal const byte AF_INET6 = 10;

    internal static byte Of(IpFamily family) => family == IpFamily.V6 ? AF_INET6 : AF_INET;

    internal static byte Of(IpFamily? family) => family is { } one ? Of(one) : AF_UNSPEC;

    /// <summary>Null for a family that is not IP, such as the MPLS and multicast-routing entries of a dump.</summary>
    internal static IpFamily? ToIpFamily(byte family) => family switch
    {
        AF_INET => IpFamily.V4,
        AF_INET6 => IpFamily.V6,
        _ => null,
    };
}

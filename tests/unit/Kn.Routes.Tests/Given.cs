using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes.Tests;

/// <summary>Nodes and networks of the tests, briefly.</summary>
internal static class Given
{
    /// <summary>This node: eth0 with 192.0.2.1/24 and 2001:db8::1/64.</summary>
    public static Underlay OneSegment { get; } = Underlay.Of(
        [new Link { Index = 1, Name = "lo", Flags = LinkFlags.Up | LinkFlags.Loopback, Mtu = 65536 }, new Link { Index = 2, Name = "eth0", Flags = LinkFlags.Up, Mtu = 1500 }],
        [Address("192.0.2.1", 24, 2), Address("2001:db8::1", 64, 2)]);

    public static Node Self { get; } = Node("n1", ["10.0.1.0/24", "fd00:1::/64"], "192.0.2.1", "2001:db8::1");

    public static Node Node(string name, string[] podCidrs, params string[] addresses) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        PodCidrs = podCidrs.Select(static text => IpPrefix.Parse(text)).ToValueList(),
        InternalIps = addresses.Select(static text => IpAddress.Parse(text)).ToValueList(),
    };

    /// <summary>The same node, made so many days after 1970.</summary>
    public static Node Aged(this Node node, int days) =>
        node with { Metadata = node.Metadata with { CreationTimestamp = DateTimeOffset.UnixEpoch.AddDays(days) } };

    public static LinkAddress Address(string address, byte length, int link) =>
        new() { Address = IpAddress.Parse(address), PrefixLength = length, LinkIndex = link };

    public static IpPrefix Prefix(string text) => IpPrefix.Parse(text);

    public static IpAddress Ip(string text) => IpAddress.Parse(text);
}

using Kn.Primitives;

namespace Kn.Lab.Underlay;

/// <summary>Who has which address on the underlay: one segment for all, or two with a router between. Pure.</summary>
/// <remarks>Addresses live inside the lab's namespaces only, so every lab has the same ones. They keep out of the way of the
/// usual pod and Service prefixes.</remarks>
internal sealed record UnderlayPlan(int NodeCount, int SegmentCount)
{
    /// <summary>More would leave the segment's IPv4 prefix.</summary>
    public const int MaxNodes = 200;

    private const int RouterHost = 1;
    private const int OutsideHost = 2;
    private const int FirstNodeHost = 11;
    private static readonly IpPrefix Base4 = IpPrefix.Parse("192.168.77.0/24");
    private static readonly IpPrefix Base6 = IpPrefix.Parse("fd00:77::/64");

    /// <summary>The port that nodes reach the API server at, on the router's first address.</summary>
    public const int ApiPort = 6443;

    /// <summary>The router on a segment, IPv4 then IPv6: default gateway of its hosts, and the API server's address on the first.</summary>
    public static IReadOnlyList<IpAddress> Router(int segment) => Host(segment, RouterHost);

    /// <summary>The client outside the cluster, on the first segment.</summary>
    public static IReadOnlyList<IpAddress> Outside => Host(0, OutsideHost);

    /// <summary>A node by number, from 1.</summary>
    public IReadOnlyList<IpAddress> Node(int number) => Host(SegmentOf(number), FirstNodeHost + number - 1);

    /// <summary>Nodes take the segments in turn.</summary>
    public int SegmentOf(int number) => (number - 1) % SegmentCount;

    /// <summary>The prefix length on the link, by family.</summary>
    public static byte PrefixLength(IpFamily family) => family == IpFamily.V4 ? Base4.Length : Base6.Length;

    private static IpAddress[] Host(int segment, int host) =>
    [
        Base4.Address.Add((UInt128)((segment << 8) + host)),
        Base6.Address.Add(((UInt128)segment << 64) + (UInt128)host),
    ];
}

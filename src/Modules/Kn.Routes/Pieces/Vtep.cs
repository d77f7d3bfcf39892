using System.Security.Cryptography;
using System.Text;
using Kn.Hosting;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes.Pieces;

/// <summary>What every node knows of every other's VXLAN tunnel end (VTEP) by computing it. Pure.</summary>
public static class Vtep
{
    /// <summary>Outer IPv4 20, UDP 8, VXLAN 8 and inner Ethernet 14 bytes (RFC 7348 §5).</summary>
    public const uint OverheadV4 = 50;

    /// <summary>With outer IPv6, 40 bytes.</summary>
    public const uint OverheadV6 = 70;

    /// <summary>The smallest MTU with which a link has IPv6 (RFC 8200 §5).</summary>
    public const uint SmallestMtu = 1280;

    private static readonly IpAddress LinkLocalBase = IpAddress.Parse("fe80::");

    /// <summary>The families of outer packets.</summary>
    public static IReadOnlyList<IpFamily> Families { get; } = [IpFamily.V4, IpFamily.V6];

    /// <summary>The link whose outer packets are of that family: a VXLAN link has one.</summary>
    public static string LinkName(IpFamily outer) => outer == IpFamily.V6 ? NodeResources.VxlanLinkV6 : NodeResources.VxlanLink;

    /// <summary>What is put before a packet.</summary>
    public static uint Overhead(IpFamily outer) => outer == IpFamily.V6 ? OverheadV6 : OverheadV4;

    /// <summary>The Ethernet address of a node's tunnel ends: of its name, which unlike its addresses never changes, so that nobody has to
    /// tell anybody. 46 bits of SHA-256: among 5,000 nodes, two are alike with a chance of one in five million.</summary>
    public static MacAddress MacOf(string node)
    {
        const byte LocallyAdministered = 0x02, Multicast = 0x01;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(node), hash);
        hash[0] = (byte)((hash[0] | LocallyAdministered) & ~Multicast);
        return new MacAddress(hash[..MacAddress.ByteCount]);
    }

    /// <summary>The next hop of IPv6 routes, and of IPv4 ones to a node without IPv4: the address that the kernel gives the tunnel end
    /// itself. Link-local, so that no other route can contradict it.</summary>
    /// <remarks>Modified EUI-64, RFC 4291 appendix A.</remarks>
    public static IpAddress LinkLocalOf(MacAddress mac)
    {
        const ulong UniversalBit = 0x02UL << 56;
        var high = (mac.Number >> 24) << 40;
        var low = mac.Number & 0xFFFFFF;
        return LinkLocalBase.Add((high | (0xFFFEUL << 24) | low) ^ UniversalBit);
    }

    /// <summary>The Ethernet address inside such an address; nonsense for another, of which <see cref="LinkLocalOf"/> makes no match.</summary>
    public static MacAddress MacOfLinkLocal(IpAddress address)
    {
        const ulong UniversalBit = 0x02UL << 56;
        var identifier = (ulong)address.Number ^ UniversalBit;
        return MacAddress.FromNumber(((identifier >> 40) << 24) | (identifier & 0xFFFFFF));
    }

    /// <summary>The next hop by which a podCIDR is reached through a tunnel: of IPv4 its network address, which the other end has on
    /// its link; of IPv6 the other end's link-local address.</summary>
    public static IpAddress NextHop(IpPrefix podCidr, MacAddress mac) => podCidr.Family == IpFamily.V4 ? podCidr.Address : LinkLocalOf(mac);

    /// <summary>The address of a podCIDR that its node has on the tunnel's link: the network address, which no pod gets. Null for a
    /// prefix so small that all of its addresses are pods'.</summary>
    public static IpAddress? LinkAddressOf(IpPrefix podCidr) => podCidr.Address.BitCount - podCidr.Length >= 2 ? podCidr.Address : null;
}

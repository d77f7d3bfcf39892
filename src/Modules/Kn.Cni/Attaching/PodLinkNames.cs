using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kn.Cni.Protocol;
using Kn.Hosting;
using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>Names and hardware addresses of a pod's link: pure functions of what it is for, so that they need no record.</summary>
public static class PodLinkNames
{
    /// <summary>The MAC address of every pod link's node side: locally administered, the same everywhere, so that pods' permanent neighbour
    /// entries for their gateways never change. Set explicitly, which also keeps udev from replacing it.</summary>
    public const string HostMac = "ee:ee:ee:ee:ee:ee";

    /// <summary>Longest alias (IFALIASZ, uapi/linux/if.h, less the terminating zero).</summary>
    public const int MaxAliasBytes = 255;

    private const int HashBytes = 6;
    private static readonly SearchValues<char> HashDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>'kn' and 12 hexadecimal digits of a hash: 14 bytes, 48 bits to tell pods of one node apart.</summary>
    public static string HostLink(AttachmentKey key) => HostLink(key, NodeResources.PodLinkPrefix);

    /// <summary>The same with another prefix of two letters.</summary>
    public static string HostLink(AttachmentKey key, string prefix) => prefix + Convert.ToHexStringLower(Hash(key, 'l'));

    /// <summary>The bridge of a network without an agent that names none: 'kp-' and the network's name, or a hash where that is too long.</summary>
    public static string PlainBridge(string network)
    {
        const string prefix = NodeResources.PlainLinkPrefix + "-";
        return network.Length + prefix.Length <= CniNames.MaxInterfaceNameBytes
            ? prefix + network
            : prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(network))[..HashBytes]);
    }

    /// <summary>Whether a link of this name may be one of ours; the link group tells for sure.</summary>
    public static bool IsHostLink(string name) => IsHostLink(name, NodeResources.PodLinkPrefix);

    /// <summary>The same with another prefix.</summary>
    public static bool IsHostLink(string name, string prefix) =>
        name.Length == prefix.Length + (2 * HashBytes)
        && name.StartsWith(prefix, StringComparison.Ordinal)
        && name.AsSpan(prefix.Length).IndexOfAnyExcept(HashDigits) < 0;

    /// <summary>The MAC address of the bridge of local pods: locally administered, unicast, the same after each time that it is made.</summary>
    public static MacAddress BridgeMac(string bridge)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(bridge));
        return new MacAddress([(byte)'n', (byte)'b', .. hash[..4]]);
    }

    /// <summary>The MAC address of a bridge's port: the letters 'nk', which make it locally administered and unicast, and the IPv4 address (the
    /// last four bytes of an IPv6 one). Who gets an address later gets its MAC address as well, so no neighbour's cache is ever wrong.</summary>
    public static MacAddress PortMac(IpAddress address)
    {
        ReadOnlySpan<byte> bytes = address.ToBytes();
        return new MacAddress([(byte)'n', (byte)'k', .. bytes[^4..]]);
    }

    /// <summary>The MAC address of the pod's side: locally administered, unicast, from the hash.</summary>
    public static string PodMac(AttachmentKey key)
    {
        var bytes = Hash(key, 'm');
        bytes[0] = (byte)((bytes[0] & 0xFC) | 0x02);
        return string.Join(':', bytes.Select(static octet => octet.ToString("x2", CultureInfo.InvariantCulture)));
    }

    /// <summary>What <c>ip link</c> shows beside the name: the pod, or the container where the pod is not known.</summary>
    public static string Alias(AttachmentKey key, ObjectKey? pod)
    {
        var alias = pod is { } name ? name.ToString() : key.ContainerId;
        return alias.Length <= MaxAliasBytes ? alias : alias[..MaxAliasBytes];
    }

    private static byte[] Hash(AttachmentKey key, char purpose) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"{purpose} {key}"))[..HashBytes];
}

using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kn.Cni.Protocol;
using Kn.Hosting;
using Kn.Kubernetes.Objects;

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
    public static string HostLink(AttachmentKey key) => NodeResources.PodLinkPrefix + Convert.ToHexStringLower(Hash(key, 'l'));

    /// <summary>Whether a link of this name may be one of ours; the link group tells for sure.</summary>
    public static bool IsHostLink(string name) =>
        name.Length == NodeResources.PodLinkPrefix.Length + (2 * HashBytes)
        && name.StartsWith(NodeResources.PodLinkPrefix, StringComparison.Ordinal)
        && name.AsSpan(NodeResources.PodLinkPrefix.Length).IndexOfAnyExcept(HashDigits) < 0;

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

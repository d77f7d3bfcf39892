using System.Security.Cryptography;
using System.Text;
using Kn.Cni.Protocol;

namespace Kn.Cni.PortMaps;

/// <summary>The comment that every element of a container's port mappings carries: network, container and interface, with spaces between.
/// It suffices to find them again, whoever made them.</summary>
/// <remarks>nft reads comments of 127 bytes at most; names that are too long stand as '~' and a part of their SHA-256.</remarks>
public static class PortMapOwner
{
    private const int MaxNetworkLength = 32;
    private const int MaxContainerLength = 64;
    private const int HashDigits = 31;

    /// <summary>The comment for an attachment.</summary>
    public static string CommentOf(string network, AttachmentKey key) => $"{PrefixOf(network)}{Shorten(key.ContainerId, MaxContainerLength)} {key.InterfaceName}";

    /// <summary>What the comments of a network's attachments begin with, for garbage collection by network.</summary>
    public static string PrefixOf(string network) => $"{Shorten(network, MaxNetworkLength)} ";

    /// <summary>Reads a comment back; false for one that says less than all, having been too long.</summary>
    public static bool TryParse(string comment, out string network, out AttachmentKey key)
    {
        var words = comment.Split(' ');
        network = words[0];
        key = words.Length == 3 ? new AttachmentKey(words[1], words[2]) : default;
        return words.Length == 3 && CniNames.IsNetworkName(network) && CniNames.IsContainerId(words[1]);
    }

    private static string Shorten(string name, int most) =>
        name.Length <= most ? name : $"~{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..HashDigits]}";
}

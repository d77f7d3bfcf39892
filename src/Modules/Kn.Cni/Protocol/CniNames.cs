using System.Buffers;
using System.Text;

namespace Kn.Cni.Protocol;

/// <summary>The names of the CNI specification, and which texts are such names.</summary>
public static class CniNames
{
    /// <summary>Longest interface name in bytes: IFNAMSIZ (uapi/linux/if.h) less the terminating zero.</summary>
    public const int MaxInterfaceNameBytes = 15;

    private const int MaxNameLength = 255;
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    /// <summary>A container id: a letter or digit, then letters, digits, '_', '.' or '-'.</summary>
    public static bool IsContainerId(string text) =>
        text.Length is > 0 and <= MaxNameLength && char.IsAsciiLetterOrDigit(text[0]) && !text.AsSpan().ContainsAnyExcept(NameCharacters);

    /// <summary>A network's name: as a container id.</summary>
    public static bool IsNetworkName(string text) => IsContainerId(text);

    /// <summary>An interface name that the kernel takes (dev_valid_name, net/core/dev.c): at most 15 bytes, no '/', ':' or white space,
    /// not '.' or '..'; control characters are refused besides, and '%', which the kernel would replace by a number.</summary>
    public static bool IsInterfaceName(string text) =>
        text.Length > 0
        && text is not ("." or "..")
        && Encoding.UTF8.GetByteCount(text) <= MaxInterfaceNameBytes
        && text.All(static letter => letter is not ('/' or ':' or '%' or '\uFFFD') && !char.IsWhiteSpace(letter) && !char.IsControl(letter) && !char.IsSurrogate(letter));

    /// <summary>A path of a network namespace: absolute, without control characters.</summary>
    public static bool IsNamespacePath(string text) =>
        text.Length is > 1 and < 4096 && text[0] == '/' && !text.Any(char.IsControl);
}

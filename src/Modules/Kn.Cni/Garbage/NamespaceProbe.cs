using System.Globalization;
using Kn.Linux;
using Kn.Linux.Namespaces;

namespace Kn.Cni.Garbage;

/// <summary>Looks whether the network namespaces of pods are still there, and whether anybody lives in them.</summary>
internal static class NamespaceProbe
{
    /// <summary>What a path leads to now.</summary>
    /// <param name="path">The path that ADD had.</param>
    /// <param name="inode">The namespace that it led to then; 0 when that was not recorded.</param>
    public static NamespaceState Look(string path, ulong inode)
    {
        try
        {
            using var found = NetworkNamespace.Open(path);
            return inode == 0 || found.Inode == inode ? NamespaceState.Same : NamespaceState.Gone;
        }
        catch (LinuxException error) when (error.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.EINVAL or Errno.ESRCH)
        {
            // Without a mount the runtime's file is an empty one (EINVAL).
            return NamespaceState.Gone;
        }
        catch (LinuxException)
        {
            return NamespaceState.Unclear;
        }
    }

    /// <summary>The namespaces that processes live in, by inode: one look at every process of the node.</summary>
    /// <remarks>A thread may be elsewhere than its process, as a plugin's at work; that lasts for milliseconds, and a grace is far longer.</remarks>
    public static IReadOnlySet<ulong> ReadInhabited()
    {
        var inhabited = new HashSet<ulong>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(static path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            if (ReadInode(Path.Combine(process, "ns/net")) is { } inode)
            {
                inhabited.Add(inode);
            }
        }

        return inhabited;
    }

    /// <summary>Reads net:[4026531840], as nsfs names its files; null when the process is gone.</summary>
    private static ulong? ReadInode(string path)
    {
        try
        {
            var target = new FileInfo(path).LinkTarget;
            return target is not null
                && target.StartsWith("net:[", StringComparison.Ordinal)
                && ulong.TryParse(target.AsSpan(5, target.Length - 6), NumberStyles.None, CultureInfo.InvariantCulture, out var inode)
                ? inode
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>What became of a network namespace.</summary>
internal enum NamespaceState
{
    /// <summary>Its path leads to it.</summary>
    Same,

    /// <summary>Its path leads nowhere, or to another one.</summary>
    Gone,

    /// <summary>The path cannot be opened, for a reason that says nothing.</summary>
    Unclear,
}

namespace Kn.Routes.Bgp.Speaking;

/// <summary>Knows whether this process follows another one of the same boot, whose forwarding the kernel still does: then peers are told so (RFC 4724 §4.1).</summary>
/// <param name="directory">Where the node keeps what lives as long as the boot.</param>
internal sealed class RestartMarker(string directory)
{
    private const string BootFile = "/proc/sys/kernel/random/boot_id";
    private const string NamespaceFile = "/proc/self/ns/net";

    private readonly string _path = Path.Combine(directory, "bgp.running");

    /// <summary>Whether a speaker of this boot and network namespace has been at work, and did not take its leave.</summary>
    public bool IsSet => ReadOrNull(_path) is { } left && left == Current();

    /// <summary>A speaker is at work.</summary>
    public void Set()
    {
        try
        {
            Directory.CreateDirectory(directory);
            File.WriteAllText(_path, Current());
        }
        catch (IOException)
        {
            // The next start is then as after a boot.
        }
    }

    /// <summary>The speaker took its leave, or nothing of it is left.</summary>
    public void Clear() => File.Delete(_path);

    /// <summary>What differs after a boot, and in another network namespace.</summary>
    public static string Current() => $"{ReadOrNull(BootFile)?.Trim()} {new FileInfo(NamespaceFile).LinkTarget}";

    private static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}

using Kn.Linux.Interop;

namespace Kn.Linux.Namespaces;

/// <summary>The directory of named namespaces that iproute2 and Kn share.</summary>
/// <remarks>ip-netns(8): a name is a file in /run/netns onto which the namespace is bind-mounted; the directory is a shared mount
/// point, so that a name removed in one mount namespace is gone in all.</remarks>
internal static class NamedNamespaces
{
    private const string Folder = "/run/netns";

    internal static string PathOf(string name)
    {
        if (name.Length is 0 or > 255 || name is "." or ".." || name.Contains('/') || name.Contains('\0'))
        {
            throw new ArgumentException($"'{name}' cannot name a network namespace", nameof(name));
        }

        return $"{Folder}/{name}";
    }

    /// <summary>Makes the empty file that the namespace will be mounted on; EEXIST when the name is taken.</summary>
    internal static void ReserveName(string path)
    {
        ShareFolder();
        using var file = Libc.open(path, Libc.O_RDONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_CLOEXEC, 0);
        if (file.IsInvalid)
        {
            throw new LinuxException($"create network namespace {path}", Libc.LastError);
        }
    }

    internal static void Remove(string path)
    {
        // EINVAL: not a mount point, so a name left by a creation that did not finish.
        if (Libc.umount2(path, Libc.MNT_DETACH) < 0 && Libc.LastError is not (Errno.EINVAL or Errno.ENOENT))
        {
            throw new LinuxException($"unmount network namespace {path}", Libc.LastError);
        }

        if (Libc.unlink(path) < 0 && Libc.LastError != Errno.ENOENT)
        {
            throw new LinuxException($"remove network namespace {path}", Libc.LastError);
        }
    }

    private static void ShareFolder()
    {
        Directory.CreateDirectory(Folder);
        if (Libc.mount("", Folder, "none", Libc.MS_SHARED | Libc.MS_REC, 0) == 0)
        {
            return;
        }

        // The first user on this machine: make it a mount point. The lock keeps two first users, ip(8) among them, from stacking mounts.
        using var folder = Libc.open(Folder, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        Libc.ThrowIfFailed(Libc.flock(folder, Libc.LOCK_EX), $"lock {Folder}");
        if (Libc.mount("", Folder, "none", Libc.MS_SHARED | Libc.MS_REC, 0) == 0)
        {
            return;
        }

        Libc.ThrowIfFailed(Libc.mount(Folder, Folder, "none", Libc.MS_BIND | Libc.MS_REC, 0), $"bind {Folder}");
        Libc.ThrowIfFailed(Libc.mount("", Folder, "none", Libc.MS_SHARED | Libc.MS_REC, 0), $"share {Folder}");
    }
}

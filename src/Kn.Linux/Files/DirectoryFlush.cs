using Kn.Linux.Interop;

namespace Kn.Linux.Files;

/// <summary>Makes names durable: creating, renaming and removing a file change its directory, which fsync(2) of the file need not write.</summary>
public static class DirectoryFlush
{
    /// <summary>Returns when the directory's entries are on the disk.</summary>
    /// <exception cref="LinuxException">EIO, or the directory cannot be opened.</exception>
    public static void Flush(string directory)
    {
        using var handle = Libc.open(directory, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (handle.IsInvalid)
        {
            throw new LinuxException($"open directory {directory}", Libc.LastError);
        }

        // Some filesystems have no directories to flush (EINVAL); whatever they promise of names holds without it.
        if (Libc.fsync(handle) < 0 && Libc.LastError is var error && error != Errno.EINVAL)
        {
            throw new LinuxException($"flush directory {directory}", error);
        }
    }
}

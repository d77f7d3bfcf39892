using Kn.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Files;

/// <summary>An exclusive lock on a file that other programs lock too, held until it is disposed or the process ends.</summary>
/// <remarks>flock(2). The lock belongs to the open file, so two locks of one process exclude each other as those of two processes do.</remarks>
public sealed class FileLock : IDisposable
{
    private const uint OwnerOnly = 0x180; // 0600

    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes the lock; waits, however long, for whoever has it. The file is made where it is missing.</summary>
    /// <exception cref="LinuxException">ENOENT: no such directory. EACCES, EROFS, ENOSPC: it cannot be made.</exception>
    public static FileLock Take(string path)
    {
        var file = Libc.open(path, Libc.O_RDONLY | Libc.O_CREAT | Libc.O_CLOEXEC, OwnerOnly);
        if (file.IsInvalid)
        {
            throw new LinuxException($"open {path}", Libc.LastError);
        }

        while (Libc.flock(file, Libc.LOCK_EX) < 0)
        {
            var errno = Libc.LastError;
            if (errno != Errno.EINTR)
            {
                file.Dispose();
                throw new LinuxException($"lock {path}", errno);
            }
        }

        return new FileLock(file);
    }

    /// <summary>Lets go of it.</summary>
    public void Dispose() => _file.Dispose();
}

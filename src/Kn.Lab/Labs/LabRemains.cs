using System.Globalization;
using Kn.Lab.Interop;
using Kn.Lab.Processes;
using Kn.Linux;
using Kn.Linux.Namespaces;

namespace Kn.Lab;

/// <summary>Removes whatever a lab of some name left, whichever way it ended: daemon, processes, namespaces, folder.</summary>
/// <remarks>Links, routes and tables are inside the namespaces and go with them; mounts are inside mount namespaces of
/// processes and go with those.</remarks>
internal sealed class LabRemains(LabNames names, string folder, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Ends the daemon, if one runs, then removes the rest. Absent is success.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await EndDaemonAsync(cancellationToken);
        await SweepAsync(cancellationToken);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Ends the processes in the lab's namespaces and removes their names; files stay.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        // Twice when a process had a namespace made in between.
        while (names.Existing().ToList() is { Count: > 0 } found)
        {
            var inodes = found.Select(InodeOf).OfType<ulong>().ToHashSet();
            await NamespaceProcesses.KillAsync(inodes, time, cancellationToken);
            found.ForEach(NetworkNamespace.Remove);
        }
    }

    private async Task EndDaemonAsync(CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        var signal = Libc.SIGTERM;
        while (LabLock.HolderOf(folder) is { } pid)
        {
            _ = Libc.kill(pid, signal);
            signal = time.GetElapsedTime(since) > Patience ? Libc.SIGKILL : 0;
            await Task.Delay(TimeSpan.FromMilliseconds(30), time, cancellationToken);
        }
    }

    // A name whose namespace was never mounted on it is a plain file, with no process inside.
    private static ulong? InodeOf(string name)
    {
        try
        {
            using var network = NetworkNamespace.OpenNamed(name);
            return network.Inode;
        }
        catch (LinuxException)
        {
            return null;
        }
    }
}

/// <summary>Says which process is a lab's daemon: it holds a lock on a file, which ends with it and never points to another.</summary>
internal sealed class LabLock : IDisposable
{
    private readonly FileStream _file;

    private LabLock(FileStream file) => _file = file;

    /// <summary>Takes the lock for this process; null when another daemon has it.</summary>
    public static LabLock? TryTake(string folder)
    {
        try
        {
            var file = new FileStream(FileOf(folder), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            file.SetLength(0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            return new LabLock(file);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The process that holds the lock; null when none does.</summary>
    public static int? HolderOf(string folder)
    {
        var path = FileOf(folder);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            // FileShare.None is flock(LOCK_EX): it fails while the daemon has the file.
            using var free = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return null;
        }
        catch (IOException)
        {
            using var read = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return int.TryParse(read.ReadToEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : null;
        }
    }

    /// <summary>Gives it back.</summary>
    public void Dispose() => _file.Dispose();

    private static string FileOf(string folder) => Path.Combine(folder, "lock");
}

using System.Globalization;
using Kn.Lab.Interop;

namespace Kn.Lab.Processes;

/// <summary>Finds processes by the network namespace that they live in: nothing that a lab started can hide from that.</summary>
internal static class NamespaceProcesses
{
    /// <summary>The processes whose network namespace is one of these, by the numbers that stat(2) gives for /proc/PID/ns/net.</summary>
    public static IReadOnlyList<int> In(IReadOnlySet<ulong> inodes)
    {
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && InodeOf(pid) is { } inode && inodes.Contains(inode) && pid != Environment.ProcessId)
            {
                found.Add(pid);
            }
        }

        return found;
    }

    /// <summary>Ends the processes in these namespaces and waits until they are gone: SIGKILL, again for those that forked meanwhile.</summary>
    /// <exception cref="TimeoutException">Some do not die: they hang in the kernel.</exception>
    public static async Task KillAsync(IReadOnlySet<ulong> inodes, TimeProvider time, CancellationToken cancellationToken)
    {
        var deadline = time.GetTimestamp();
        while (In(inodes) is { Count: > 0 } pids)
        {
            foreach (var pid in pids)
            {
                _ = Libc.kill(pid, Libc.SIGKILL);
            }

            if (time.GetElapsedTime(deadline) > TimeSpan.FromSeconds(10))
            {
                throw new TimeoutException($"processes {string.Join(", ", pids)} do not end");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken);
        }
    }

    // The link reads "net:[4026531840]"; a process that ended, or a zombie, has none.
    private static ulong? InodeOf(int pid)
    {
        try
        {
            var target = new FileInfo($"/proc/{pid}/ns/net").LinkTarget;
            return target is ['n', 'e', 't', ':', '[', .. var number, ']'] && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var inode)
                ? inode
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

using Kn.Lab.Interop;
using Kn.Linux;

namespace Kn.Lab.Sandbox;

/// <summary>Gives the program that this process becomes what a service manager gives a service: the manager's socket and stored open files.</summary>
internal static class DescriptorHandOver
{
    /// <summary>SD_LISTEN_FDS_START, sd_listen_fds(3).</summary>
    private const int First = 3;

    /// <summary>Sets the environment and the descriptors. What cannot be had is left out, and told: the program works without.</summary>
    public static void Apply(SandboxSpec spec)
    {
        if (spec.NotifySocket is { } socket)
        {
            _ = Libc.setenv("NOTIFY_SOCKET", socket, 1);
        }

        if (spec.Descriptors.Count == 0)
        {
            return;
        }

        // The places belong to the runtime, whose threads would go on reading there, and swallow what waits in the sockets. From here on this
        // thread, which becomes the program, has descriptors of its own.
        Libc.Check(Libc.unshare(Libc.CLONE_FILES), "unshare the descriptors");
        var names = new List<string>();
        var taken = new List<int>();
        foreach (var descriptor in spec.Descriptors)
        {
            try
            {
                taken.Add(Take(descriptor, First + spec.Descriptors.Count));
                names.Add(descriptor.Name);
            }
            catch (LinuxException e)
            {
                Console.Error.WriteLine($"kn-lab: {e.Message}");
            }
        }

        for (var index = 0; index < taken.Count; index++)
        {
            // dup2(2): the copy stays open across execve(2).
            Libc.Check(Libc.dup2(taken[index], First + index), "hand over a descriptor");
        }

        if (taken.Count > 0)
        {
            _ = Libc.setenv("LISTEN_PID", Environment.ProcessId.ToString(), 1);
            _ = Libc.setenv("LISTEN_FDS", taken.Count.ToString(), 1);
            _ = Libc.setenv("LISTEN_FDNAMES", string.Join(':', names), 1);
        }
    }

    /// <summary>A copy, out of the way of the places that are filled later.</summary>
    private static int Take(HandedDescriptor descriptor, int least)
    {
        var process = (int)Libc.syscall(Libc.SYS_pidfd_open, descriptor.Process, 0, 0);
        Libc.Check(process, $"open process {descriptor.Process}");
        var copy = Libc.Check((int)Libc.syscall(Libc.SYS_pidfd_getfd, process, descriptor.Number, 0), $"take over {descriptor.Name}");
        return Libc.Check(Libc.fcntl(copy, Libc.F_DUPFD_CLOEXEC, least), $"move {descriptor.Name}");
    }
}

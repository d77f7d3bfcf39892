using System.Text;
using Kn.Lab.Interop;
using Kn.Linux;

namespace Kn.Lab.Sandbox;

/// <summary>Turns the calling process into the program of a sandbox: enters or makes its namespaces, then replaces itself.</summary>
/// <remarks>Namespaces are a thread's own; execve(2) makes the calling thread the process, so everything happens on one thread,
/// synchronously.</remarks>
internal static class ProcessSandbox
{
    /// <summary>Exit code when the program does not exist (as shells have it).</summary>
    public const int NotFound = 127;

    /// <summary>Exit code when the program cannot be executed.</summary>
    public const int NotExecutable = 126;

    /// <summary>Exit code when the sandbox itself cannot be made.</summary>
    public const int Failed = 125;

    /// <summary>Becomes the program; returns an exit code only when that fails.</summary>
    public static int Become(SandboxSpec spec)
    {
        try
        {
            Enter(spec);
            DescriptorHandOver.Apply(spec);
        }
        catch (LinuxException e)
        {
            Console.Error.WriteLine($"kn-lab: {e.Message}");
            return Failed;
        }

        // .NET ignores SIGPIPE, and what is ignored stays ignored across execve: the program expects the default.
        Libc.signal(Libc.SIGPIPE, Libc.SIG_DFL);
        Libc.execvp(spec.Command[0], [.. spec.Command, null]);
        var errno = Libc.LastError;
        Console.Error.WriteLine($"kn-lab: {spec.Command[0]}: {errno}");
        return errno == Errno.ENOENT ? NotFound : NotExecutable;
    }

    private static void Enter(SandboxSpec spec)
    {
        if (spec.NewSession)
        {
            // EPERM says that the process leads a group already, which serves as well.
            _ = Libc.setsid();
        }

        if (spec.LogFile is { } log)
        {
            RedirectOutput(log);
        }

        if (spec.JoinPid is { } pid)
        {
            Join(pid);
        }

        if (spec.NetworkNamespace is { } path)
        {
            Libc.Check(Libc.setns(Open(path, 0), Libc.CLONE_NEWNET), $"enter {path}");
        }

        if (spec.Hostname is { } name)
        {
            Libc.Check(Libc.unshare(Libc.CLONE_NEWUTS), "make a UTS namespace");
            Libc.Check(Libc.sethostname(name, (nuint)Encoding.UTF8.GetByteCount(name)), $"set the host name {name}");
        }

        if (spec.EtcFolder is { } folder)
        {
            MountEtc(folder);
        }

        Directory.SetCurrentDirectory(spec.WorkingDirectory ?? "/");
    }

    private static void RedirectOutput(string log)
    {
        const uint Mode = 0x1A4; // 0644
        var descriptor = Open(log, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_APPEND, Mode);
        Libc.Check(Libc.dup2(descriptor, 1), "redirect standard output");
        Libc.Check(Libc.dup2(descriptor, 2), "redirect standard error");
    }

    // All are opened before any is entered: the mount namespace may show another /proc.
    private static void Join(int pid)
    {
        var network = Open($"/proc/{pid}/ns/net", 0);
        var hostname = Open($"/proc/{pid}/ns/uts", 0);
        var mounts = Open($"/proc/{pid}/ns/mnt", 0);
        Libc.Check(Libc.setns(network, Libc.CLONE_NEWNET), $"enter the network namespace of {pid}");
        Libc.Check(Libc.setns(hostname, Libc.CLONE_NEWUTS), $"enter the UTS namespace of {pid}");

        // setns(2): a mount namespace is entered only by a thread that shares its root and working directory with no other.
        Libc.Check(Libc.unshare(Libc.CLONE_FS), "unshare the working directory");
        Libc.Check(Libc.setns(mounts, Libc.CLONE_NEWNS), $"enter the mount namespace of {pid}");
    }

    // MS_SLAVE: what the host unmounts (a namespace's name in /run/netns) vanishes here too, so that no pod keeps it alive.
    private static void MountEtc(string folder)
    {
        Libc.Check(Libc.unshare(Libc.CLONE_NEWNS), "make a mount namespace");
        Libc.Check(Libc.mount("none", "/", null, Libc.MS_REC | Libc.MS_SLAVE, 0), "make the mounts slaves");
        foreach (var name in (string[])["resolv.conf", "hosts", "hostname"])
        {
            var target = "/etc/" + name;
            if (File.Exists(target))
            {
                Libc.Check(Libc.mount(Path.Combine(folder, name), target, null, Libc.MS_BIND, 0), $"mount {target}");
            }
        }

        // The network half of sysfs shows the namespace that mounted it. Without CAP_SYS_ADMIN over it there is just the host's view.
        _ = Libc.mount("sysfs", "/sys", "sysfs", 0, 0);
    }

    private static int Open(string path, int flags, uint mode = 0) => Libc.Check(Libc.open(path, flags | Libc.O_CLOEXEC, mode), $"open {path}");
}

using System.Runtime.ExceptionServices;
using Kn.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Namespaces;

/// <summary>An open network namespace. Holding it keeps the namespace alive; disposing it does not remove its name.</summary>
/// <remarks>setns(2) moves one thread and <c>await</c> changes threads, so <see cref="Run"/> uses a thread of its own, which
/// ends with the call. A socket stays in the namespace that it was opened in: open it inside, use it anywhere.
/// Safe for use by many threads.</remarks>
public sealed class NetworkNamespace : IDisposable
{
    private const string OwnPath = "/proc/thread-self/ns/net";

    private NetworkNamespace(SafeFileHandle handle, string path)
    {
        Handle = handle;
        Path = path;
        Libc.ThrowIfFailed(Libc.ReadInode(handle, out var inode), $"read the inode of {path}");
        Inode = inode;
    }

    /// <summary>The open descriptor, owned by this object.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Where it was opened.</summary>
    public string Path { get; }

    /// <summary>The identity of the namespace: equal for every path that leads to it, while it lives.</summary>
    public ulong Inode { get; }

    /// <summary>Makes an empty namespace with a name, as <c>ip netns add</c> does.</summary>
    /// <exception cref="LinuxException">EEXIST: the name is taken. EPERM: not root.</exception>
    public static NetworkNamespace Create(string name)
    {
        var path = NamedNamespaces.PathOf(name);
        NamedNamespaces.ReserveName(path);
        try
        {
            return OnOwnThread(() => UnshareInto(path));
        }
        catch (LinuxException)
        {
            NamedNamespaces.Remove(path);
            throw;
        }
    }

    /// <summary>Opens a namespace by a path such as /run/netns/NAME or /proc/PID/ns/net.</summary>
    /// <exception cref="LinuxException">ENOENT: no such file. EINVAL: the file is not a network namespace.</exception>
    public static NetworkNamespace Open(string path)
    {
        // The path may come from others: opening a pipe without O_NONBLOCK would wait for its writer.
        var handle = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC | Libc.O_NONBLOCK, 0);
        if (handle.IsInvalid)
        {
            throw new LinuxException($"open network namespace {path}", Libc.LastError);
        }

        if (Libc.ioctl(handle, Libc.NS_GET_NSTYPE) != Libc.CLONE_NEWNET)
        {
            handle.Dispose();
            throw new LinuxException($"open network namespace {path}, which is something else", Errno.EINVAL);
        }

        return new NetworkNamespace(handle, path);
    }

    /// <summary>Opens /run/netns/NAME.</summary>
    /// <exception cref="LinuxException">ENOENT: no namespace of that name.</exception>
    public static NetworkNamespace OpenNamed(string name) => Open(NamedNamespaces.PathOf(name));

    /// <summary>Opens the namespace of the calling thread.</summary>
    public static NetworkNamespace OpenCurrent() => Open(OwnPath);

    /// <summary>Removes the name; the namespace itself lives on while a process, a socket or a descriptor holds it. Absent is success.</summary>
    /// <exception cref="LinuxException">EPERM: not root.</exception>
    public static void Remove(string name) => NamedNamespaces.Remove(NamedNamespaces.PathOf(name));

    /// <summary>Runs synchronous code on a new thread inside the namespace, and waits for it.</summary>
    /// <exception cref="LinuxException">The namespace cannot be entered. Exceptions of <paramref name="body"/> come through unchanged.</exception>
    public T Run<T>(Func<T> body) => OnOwnThread(() =>
    {
        Libc.ThrowIfFailed(Libc.setns(Handle, Libc.CLONE_NEWNET), $"enter network namespace {Path}");
        return body();
    });

    /// <inheritdoc cref="Run{T}(Func{T})"/>
    public void Run(Action body) => Run(() =>
    {
        body();
        return 0;
    });

    /// <summary>Runs short synchronous code inside the namespace on the calling thread, which is back where it was when this returns. For hot
    /// paths: it saves the start of a thread. The code must neither await nor start work for others.</summary>
    /// <exception cref="LinuxException">The namespace cannot be entered. Exceptions of <paramref name="body"/> come through unchanged.</exception>
    public void Visit(Action body)
    {
        using var home = OpenCurrent();
        Libc.ThrowIfFailed(Libc.setns(Handle, Libc.CLONE_NEWNET), $"enter network namespace {Path}");
        try
        {
            body();
        }
        finally
        {
            if (Libc.setns(home.Handle, Libc.CLONE_NEWNET) < 0)
            {
                // Whatever this thread would do next would happen to a pod. The kernel refuses only when it has no memory left.
                Environment.FailFast($"cannot return from network namespace {Path}: {Libc.LastError}");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    /// <summary>The path, for messages.</summary>
    public override string ToString() => Path;

    private static NetworkNamespace UnshareInto(string path)
    {
        Libc.ThrowIfFailed(Libc.unshare(Libc.CLONE_NEWNET), $"make network namespace {path}");
        Libc.ThrowIfFailed(Libc.mount(OwnPath, path, "none", Libc.MS_BIND, 0), $"bind network namespace to {path}");
        return Open(path);
    }

    private static T OnOwnThread<T>(Func<T> body)
    {
        const int StackBytes = 256 * 1024;
        var call = new ThreadCall<T>(body);
        var thread = new Thread(call.Execute, StackBytes) { IsBackground = true, Name = "kn-netns" };
        thread.Start();
        thread.Join();
        return call.TakeResult();
    }

    private sealed class ThreadCall<T>(Func<T> body)
    {
        private ExceptionDispatchInfo? _failure;
        private Func<T>? _result;

        public void Execute()
        {
            try
            {
                var value = body();
                _result = () => value;
            }
#pragma warning disable CA1031 // Nothing is swallowed: the caller's thread throws it again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _failure = ExceptionDispatchInfo.Capture(e);
            }
        }

        public T TakeResult()
        {
            _failure?.Throw();
            return _result is null ? throw new InvalidOperationException("the thread ended without a result") : _result();
        }
    }
}

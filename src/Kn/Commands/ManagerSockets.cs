using System.Runtime.InteropServices;
using Kn.Hosting.Modules;
using Kn.Linux.Descriptors;
using Microsoft.Win32.SafeHandles;

namespace Kn.Commands;

/// <summary>The service manager's descriptor store, as modules see it.</summary>
internal sealed class ManagerSockets(DescriptorStore store) : IStoredSockets, IDisposable
{
    /// <summary>The store of the manager that started this process; reads its environment once and leaves nothing of it to others.</summary>
    public static ManagerSockets OfEnvironment()
    {
        var inherited = InheritedDescriptors.Take(TakeVariable("LISTEN_PID"), TakeVariable("LISTEN_FDS"), TakeVariable("LISTEN_FDNAMES"));
        return new ManagerSockets(new DescriptorStore(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), inherited));
    }

    /// <inheritdoc/>
    public SafeFileHandle? Take(string name) => store.Take(name);

    /// <inheritdoc/>
    public void Store(string name, SafeHandle socket) => store.Store(name, socket);

    /// <inheritdoc/>
    public void Remove(string name) => store.Remove(name);

    /// <inheritdoc/>
    public IReadOnlyList<string> RemoveUntaken() => store.RemoveUntaken();

    /// <inheritdoc/>
    public void Dispose() => store.Dispose();

    private static string? TakeVariable(string name)
    {
        var value = Environment.GetEnvironmentVariable(name);
        Environment.SetEnvironmentVariable(name, null);
        return value;
    }
}

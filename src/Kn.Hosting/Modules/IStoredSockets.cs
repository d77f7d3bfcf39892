using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Hosting.Modules;

/// <summary>Sockets that the service manager keeps open while no agent runs, by name, so that what arrives meanwhile waits in them. Thread-safe.</summary>
/// <remarks>A module takes what it is about to bind, and binds and stores it when there is none; it removes what it no longer serves, but
/// not when the agent stops. Names begin with the module's and hold no colons: <c>dns-udp-10.96.0.10-53-0</c>. Where nothing is kept, each
/// start just finds nothing.</remarks>
public interface IStoredSockets
{
    /// <summary>Takes what the last process stored by that name, once; it stays stored for the next.</summary>
    /// <returns>The caller's, who has to check what it is; null when there is none.</returns>
    SafeFileHandle? Take(string name);

    /// <summary>Stores a copy for the next process, by a name that nothing is stored by.</summary>
    void Store(string name, SafeHandle socket);

    /// <summary>Stores it no longer; nothing when it is not stored.</summary>
    void Remove(string name);

    /// <summary>Closes what nobody has taken; called once everything is in place.</summary>
    /// <returns>The names.</returns>
    IReadOnlyList<string> RemoveUntaken();
}

/// <summary>Nobody keeps sockets.</summary>
public sealed class NothingStored : IStoredSockets
{
    /// <inheritdoc/>
    public SafeFileHandle? Take(string name) => null;

    /// <inheritdoc/>
    public void Store(string name, SafeHandle socket)
    {
    }

    /// <inheritdoc/>
    public void Remove(string name)
    {
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> RemoveUntaken() => [];
}

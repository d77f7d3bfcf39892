using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Descriptors;

/// <summary>Open files that the service manager keeps while the process is away, by name: systemd's file descriptor store.</summary>
/// <remarks>
/// <para>systemd.service(5), FileDescriptorStoreMax=; sd_notify(3), FDSTORE=1. What is stored is a copy: the socket stays bound, and what
/// arrives waits in it, until it is removed here or the service is stopped for good. A manager that stores nothing does not say so; then
/// the next process just finds nothing.</para>
/// <para>FDPOLL=0 matters: else systemd drops a socket from the store when it has an error to tell, as a UDP socket has after an ICMP
/// message. Thread-safe.</para>
/// </remarks>
public sealed class DescriptorStore : IDisposable
{
    /// <summary>A manager that does not read its messages must not hold up the agent for ever.</summary>
    private const int SendTimeoutMilliseconds = 2000;

    private readonly Lock _lock = new();
    private readonly List<KeyValuePair<string, SafeFileHandle>> _untaken = [];
    private readonly Socket? _manager;

    /// <summary>A store.</summary>
    /// <param name="notifySocket">NOTIFY_SOCKET: a path, or an abstract name after '@'; null or empty for no manager.</param>
    /// <param name="inherited">What the manager gave the process at its start.</param>
    public DescriptorStore(string? notifySocket, IEnumerable<KeyValuePair<string, SafeFileHandle>> inherited)
    {
        _manager = Connect(notifySocket);
        foreach (var (name, descriptor) in inherited)
        {
            if (Find(name) < 0)
            {
                _untaken.Add(new(name, descriptor));
                continue;
            }

            // Two of a name can only be removed together: the first is stored again.
            descriptor.Dispose();
            Remove(name);
            Store(name, _untaken[Find(name)].Value);
        }
    }

    /// <summary>The names of what was inherited and not taken yet.</summary>
    public IReadOnlyList<string> Untaken
    {
        get
        {
            lock (_lock)
            {
                return [.. _untaken.Select(static pair => pair.Key)];
            }
        }
    }

    /// <summary>Takes what was inherited by that name; the manager goes on keeping its copy. Once.</summary>
    /// <returns>The caller's; null when there is none.</returns>
    public SafeFileHandle? Take(string name)
    {
        lock (_lock)
        {
            var index = Find(name);
            if (index < 0)
            {
                return null;
            }

            var descriptor = _untaken[index].Value;
            _untaken.RemoveAt(index);
            return descriptor;
        }
    }

    /// <summary>Has a copy kept for the next process.</summary>
    /// <param name="name">Printable ASCII without colons, 255 at most; one that is not stored already.</param>
    /// <param name="descriptor">Stays the caller's.</param>
    public void Store(string name, SafeHandle descriptor) => Send($"FDSTORE=1\nFDNAME={name}\nFDPOLL=0", descriptor);

    /// <summary>Has it kept no longer.</summary>
    public void Remove(string name) => Send($"FDSTOREREMOVE=1\nFDNAME={name}", null);

    /// <summary>Closes what nobody has taken: a socket that nobody reads only swallows what is sent to it.</summary>
    /// <returns>The names.</returns>
    public IReadOnlyList<string> RemoveUntaken()
    {
        List<string> names = [];
        lock (_lock)
        {
            foreach (var (name, descriptor) in _untaken)
            {
                descriptor.Dispose();
                Remove(name);
                names.Add(name);
            }

            _untaken.Clear();
        }

        return names;
    }

    /// <summary>Closes what was not taken; the manager keeps its copies.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _untaken.ForEach(static pair => pair.Value.Dispose());
            _untaken.Clear();
        }

        _manager?.Dispose();
    }

    private static Socket? Connect(string? notifySocket)
    {
        if (string.IsNullOrEmpty(notifySocket))
        {
            return null;
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = SendTimeoutMilliseconds };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(notifySocket[0] == '@' ? "\0" + notifySocket[1..] : notifySocket));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    private int Find(string name) => _untaken.FindIndex(pair => pair.Key == name);

    private void Send(string text, SafeHandle? descriptor)
    {
        if (_manager is not null)
        {
            // A manager that is gone keeps nothing, and a restart costs what it costs without one.
            _ = DescriptorMessage.TrySend(_manager, text, descriptor);
        }
    }
}

using System.Net.Sockets;
using Kn.Lab.Sandbox;
using Kn.Linux.Descriptors;
using Microsoft.Win32.SafeHandles;

namespace Kn.Lab.LabNodes;

/// <summary>A service manager's half of sd_notify(3) for one agent: takes what it says, and keeps the open files that it stores.</summary>
internal sealed class DescriptorShelf : IDisposable
{
    /// <summary>FileDescriptorStoreMax= of the lab.</summary>
    private const int Most = 256;

    private readonly Lock _lock = new();
    private readonly List<KeyValuePair<string, SafeFileHandle>> _kept = [];
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    /// <summary>An empty one, which listens.</summary>
    public DescriptorShelf(string path)
    {
        Path = path;
        File.Delete(path);
        _socket.Bind(new UnixDomainSocketEndPoint(path));
    }

    /// <summary>NOTIFY_SOCKET of the agent.</summary>
    public string Path { get; }

    /// <summary>Takes in what comes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var peek = new byte[1];
        while (true)
        {
            // A look, which leaves message and open files where they are: the framework's receive would drop the latter.
            await _socket.ReceiveAsync(peek, SocketFlags.Peek, cancellationToken);
            lock (_lock)
            {
                TakeIn();
            }
        }
    }

    /// <summary>What the next agent is given; also what the last one said just before it died.</summary>
    public IReadOnlyList<HandedDescriptor> Contents()
    {
        lock (_lock)
        {
            TakeIn();
            return [.. _kept.Select(static pair => new HandedDescriptor(Environment.ProcessId, (int)pair.Value.DangerousGetHandle(), pair.Key))];
        }
    }

    /// <summary>Lets go of everything.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            TakeIn();
            _kept.ForEach(static pair => pair.Value.Dispose());
            _kept.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        _socket.Dispose();
        File.Delete(Path);
    }

    private void TakeIn()
    {
        while (DescriptorMessage.TryReceive(_socket) is { } message)
        {
            var name = message.Value("FDNAME") ?? "stored";
            if (message.Value("FDSTOREREMOVE") == "1")
            {
                Remove(name);
            }

            foreach (var descriptor in message.Descriptors)
            {
                if (message.Value("FDSTORE") == "1" && _kept.Count < Most)
                {
                    _kept.Add(new(name, descriptor));
                }
                else
                {
                    descriptor.Dispose();
                }
            }
        }
    }

    private void Remove(string name)
    {
        foreach (var (_, descriptor) in _kept.Where(pair => pair.Key == name))
        {
            descriptor.Dispose();
        }

        _kept.RemoveAll(pair => pair.Key == name);
    }
}

using System.Net.Sockets;
using System.Runtime.InteropServices;
using Kn.Hosting.Modules;
using Kn.Linux.Descriptors;
using Microsoft.Win32.SafeHandles;

namespace Kn.Dns.NetnsTests;

/// <summary>What systemd does with descriptors, over a real socket: keeps what it is sent, and gives it to the next process.</summary>
internal sealed class ServiceManager : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-manager").FullName;
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly List<KeyValuePair<string, SafeFileHandle>> _kept = [];
    private Stored? _stored;

    public ServiceManager() => _socket.Bind(new UnixDomainSocketEndPoint(Path));

    private string Path => System.IO.Path.Combine(_folder, "notify");

    /// <summary>Names of what is kept, in order.</summary>
    public IReadOnlyList<string> Kept
    {
        get
        {
            TakeIn();
            return [.. _kept.Select(static pair => pair.Key).Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Keeps something that nobody sent.</summary>
    public void Keep(string name, SafeFileHandle descriptor) => _kept.Add(new(name, descriptor));

    /// <summary>What the next process is given. A fork would copy the descriptors; here they change hands.</summary>
    public IStoredSockets NextProcess()
    {
        TakeIn();
        _stored?.Dispose();
        _stored = new Stored(new DescriptorStore(Path, [.. _kept]));
        _kept.Clear();
        return _stored;
    }

    public void Dispose()
    {
        TakeIn();
        _kept.ForEach(static pair => pair.Value.Dispose());
        _stored?.Dispose();
        _socket.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void TakeIn()
    {
        while (DescriptorMessage.TryReceive(_socket) is { } message)
        {
            if (message.Value("FDSTOREREMOVE") == "1")
            {
                _kept.RemoveAll(pair => pair.Key == message.Value("FDNAME"));
            }

            foreach (var descriptor in message.Descriptors)
            {
                Assert.Equal(("1", "0"), (message.Value("FDSTORE"), message.Value("FDPOLL")));
                _kept.Add(new(message.Value("FDNAME")!, descriptor));
            }
        }
    }

    private sealed class Stored(DescriptorStore store) : IStoredSockets, IDisposable
    {
        public SafeFileHandle? Take(string name) => store.Take(name);

        public void Store(string name, SafeHandle socket) => store.Store(name, socket);

        public void Remove(string name) => store.Remove(name);

        public IReadOnlyList<string> RemoveUntaken() => store.RemoveUntaken();

        public void Dispose() => store.Dispose();
    }
}

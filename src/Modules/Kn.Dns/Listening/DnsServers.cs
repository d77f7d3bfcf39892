using Kn.Dns.Serving;
using Kn.Linux.Datagrams;
using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.Dns.Listening;

/// <summary>The servers of every address. Sockets are bound as soon as an address is known; what arrives waits in them until
/// <see cref="Begin"/>: a client that asks while Kn starts gets its answer a moment later, not an error.</summary>
internal sealed class DnsServers(QueryHandler handler, TcpContext tcp, DnsMetrics metrics, DnsOptions options, NetworkNamespace? inside) : IAsyncDisposable
{
    /// <summary>What may wait while a batch is answered, or while Kn starts: some ten thousand queries.</summary>
    private const int ReceiveBytes = 4 << 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<IpAddress, Servers> _servers = [];
    private bool _hasBegun;
    private uint _seed = 0x9E37_79B9;

    /// <summary>The port that is served; 53 but for tests.</summary>
    public ushort Port { get; init; } = 53;

    /// <summary>The addresses that sockets are bound to.</summary>
    public IReadOnlyList<IpAddress> Addresses
    {
        get
        {
            lock (_lock)
            {
                return [.. _servers.Keys];
            }
        }
    }

    /// <summary>Answers from now on, at the addresses that there are and those that come.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            _hasBegun = true;
            foreach (var servers in _servers.Values)
            {
                servers.Start();
            }
        }
    }

    /// <summary>Binds sockets to an address; nothing when they are.</summary>
    /// <exception cref="Linux.LinuxException">Another program has the port.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">Likewise.</exception>
    public void Open(IpAddress address)
    {
        lock (_lock)
        {
            if (_servers.ContainsKey(address))
            {
                return;
            }

            var listener = inside is null ? TcpServer.Listen(address, Port) : inside.Run(() => TcpServer.Listen(address, Port));
            var servers = new Servers([], new TcpServer(listener, tcp));
            _servers.Add(address, servers);
            try
            {
                for (var thread = 0; thread < options.Threads; thread++)
                {
                    servers.Udp.Add(NewUdp(address));
                }
            }
            catch
            {
                _servers.Remove(address);
                servers.Udp.ForEach(static server => server.Dispose());
                listener.Dispose();
                throw;
            }

            if (_hasBegun)
            {
                servers.Start();
            }
        }
    }

    /// <summary>Ends the service of an address.</summary>
    public async Task CloseAsync(IpAddress address)
    {
        Servers? servers;
        lock (_lock)
        {
            _servers.Remove(address, out servers);
        }

        if (servers is not null)
        {
            servers.Udp.ForEach(static server => server.Dispose());
            await servers.Tcp.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var address in Addresses)
        {
            await CloseAsync(address);
        }
    }

    private UdpServer NewUdp(IpAddress address)
    {
        var socket = UdpSocket.Bind(address, Port, ReceiveBytes, inside);
        var state = new ServingState(options.RateLimit, _seed++);
        metrics.Add(state.Counters);
        return new UdpServer(socket, handler, state, metrics.Seconds, tcp.Time, tcp.Logger);
    }

    private sealed record Servers(List<UdpServer> Udp, TcpServer Tcp)
    {
        public void Start()
        {
            Udp.ForEach(static server => server.Start());
            Tcp.Start();
        }
    }
}

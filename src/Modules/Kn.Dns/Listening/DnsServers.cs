using System.Net.Sockets;
using Kn.Dns.Serving;
using Kn.Linux.Datagrams;
using Kn.Primitives;

namespace Kn.Dns.Listening;

/// <summary>The servers of every address. Sockets are bound as soon as an address is known; what arrives waits in them until
/// <see cref="Begin"/>: a client that asks while Kn starts gets its answer a moment later, not an error.</summary>
internal sealed class DnsServers(QueryHandler handler, TcpContext tcp, DnsMetrics metrics, DnsOptions options, KeptSockets sockets) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IpAddress, Servers> _servers = [];
    private bool _hasBegun;
    private bool _isHandingOver;
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

            var udp = sockets.OpenUdp(address, Port, options.Threads);
            var servers = new Servers([.. udp.Select(NewUdp)], new TcpServer(OpenListener(address, udp), tcp));
            _servers.Add(address, servers);
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

        if (servers is null)
        {
            return;
        }

        if (!_isHandingOver)
        {
            sockets.Remove(address, Port, options.Threads);
        }

        servers.Udp.ForEach(static server => server.Stop());
        servers.Udp.ForEach(static server => server.Dispose());
        await servers.Tcp.DisposeAsync();
    }

    /// <summary>Takes nothing in any more: what comes waits in the sockets, for the next process. What was taken in can still be answered, until
    /// the end.</summary>
    public async Task HandOverAsync()
    {
        List<Servers> all;
        lock (_lock)
        {
            _isHandingOver = true;
            all = [.. _servers.Values];
        }

        all.ForEach(static servers => servers.Udp.ForEach(static server => server.Stop()));
        var tcp = Task.WhenAll(all.Select(static servers => servers.Tcp.QuietAsync()));
        all.ForEach(static servers => servers.Udp.ForEach(static server => server.Join()));
        await tcp;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var address in Addresses)
        {
            await CloseAsync(address);
        }
    }

    private Socket OpenListener(IpAddress address, List<UdpSocket> udp)
    {
        try
        {
            return sockets.OpenTcp(address, Port);
        }
        catch
        {
            udp.ForEach(static socket => socket.Dispose());
            sockets.Remove(address, Port, udp.Count);
            throw;
        }
    }

    private UdpServer NewUdp(UdpSocket socket)
    {
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

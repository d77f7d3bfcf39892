using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.Proxy;

/// <summary>A client and a server behind a node: connections a second through a Service, each with one request, one answer and a reset.</summary>
/// <remarks>
/// <code>
///   client 10.244.200.2 ── node ── server: every address of the endpoint range
/// </code>
/// The client's resets leave no TIME_WAIT, so ports do not run out.
/// </remarks>
internal sealed class ConnectLoad : IDisposable
{
    private const int Clients = 8;
    private const int Servers = 4;
    private readonly string _clientName;
    private readonly string _serverName;
    private readonly NetworkNamespace _client;
    private readonly NetworkNamespace _server;
    private readonly Socket _listener;

    /// <summary>Joins a client and a server to a node.</summary>
    /// <param name="nodeName">The node, as <c>ip netns</c> names it.</param>
    /// <param name="prefix">Of the two namespaces' names.</param>
    public ConnectLoad(string nodeName, string prefix)
    {
        _clientName = $"{prefix}-client";
        _serverName = $"{prefix}-server";
        Remove();
        _client = NetworkNamespace.Create(_clientName);
        _server = NetworkNamespace.Create(_serverName);
        Join(nodeName, _clientName, $"{prefix}c", "10.244.200");
        Join(nodeName, _serverName, $"{prefix}s", "10.244.201");
        Ip($"-n {_serverName} route add local {ServiceShape.EndpointRange} dev lo");
        Ip($"-n {nodeName} route add {ServiceShape.EndpointRange} via 10.244.201.2");
        _listener = _server.Run(static () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Any, ServiceShape.TargetPort));
            socket.Listen(4096);
            return socket;
        });
        for (var i = 0; i < Servers; i++)
        {
            new Thread(Serve) { IsBackground = true }.Start();
        }
    }

    /// <summary>Connections a second to a Service's address, over some seconds.</summary>
    public double Measure(string clusterIp, TimeSpan duration)
    {
        var target = new IPEndPoint(IPAddress.Parse(clusterIp), ServiceShape.Port);
        var counts = new long[Clients];
        var started = Stopwatch.GetTimestamp();
        var threads = Enumerable.Range(0, Clients).Select(index => new Thread(() => _client.Run(() => counts[index] = Connect(target, started, duration)))).ToList();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        return counts.Sum() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _client.Dispose();
        _server.Dispose();
        Remove();
    }

    private static long Connect(IPEndPoint target, long started, TimeSpan duration)
    {
        var count = 0L;
        Span<byte> answer = stackalloc byte[16];
        while (Stopwatch.GetElapsedTime(started) < duration)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Connect(target);
            socket.Send("ping"u8);
            if (socket.Receive(answer) != 4)
            {
                throw new InvalidOperationException($"{target} hung up");
            }

            count++;
        }

        return count;
    }

    private void Serve()
    {
        Span<byte> request = stackalloc byte[16];
        while (true)
        {
            try
            {
                using var connection = _listener.Accept();
                if (connection.Receive(request) > 0)
                {
                    connection.Send("pong"u8);
                    connection.Receive(request);
                }
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
            {
                // How the client ends.
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static void Join(string node, string other, string link, string prefix)
    {
        Ip($"-n {node} link add {link} type veth peer name eth0 netns {other}");
        Ip($"-n {node} addr add {prefix}.1/24 dev {link}");
        Ip($"-n {node} link set {link} up");
        Ip($"-n {other} addr add {prefix}.2/24 dev eth0");
        Ip($"-n {other} link set eth0 up");
        Ip($"-n {other} link set lo up");
        Ip($"-n {other} route add default via {prefix}.1");
    }

    private static void Ip(string arguments)
    {
        var result = Spawn.Run("/usr/sbin/ip", arguments.Split(' '), ["PATH=/usr/sbin"], []);
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip {arguments}: exit {result.ExitCode}");
        }
    }

    private void Remove()
    {
        NetworkNamespace.Remove(_clientName);
        NetworkNamespace.Remove(_serverName);
    }
}

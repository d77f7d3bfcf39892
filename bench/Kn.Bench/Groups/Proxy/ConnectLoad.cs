using System.Net;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.Proxy;

/// <summary>A client and a server behind a node: connections a second through a Service, each with one request, one answer and a reset.</summary>
/// <remarks>
/// <code>
///   client 10.244.200.2 ── node ── server: every address of the endpoint range
/// </code>
/// </remarks>
internal sealed class ConnectLoad : IDisposable
{
    private readonly string _clientName;
    private readonly string _serverName;
    private readonly NetworkNamespace _client;
    private readonly NetworkNamespace _server;
    private readonly ConnectTraffic _traffic;

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
        _traffic = new ConnectTraffic(_client, _server, ServiceShape.TargetPort);
    }

    /// <summary>Connections a second to a Service's address, over some seconds.</summary>
    public double Measure(string clusterIp, TimeSpan duration) => _traffic.Measure(new IPEndPoint(IPAddress.Parse(clusterIp), ServiceShape.Port), duration);

    public void Dispose()
    {
        _traffic.Dispose();
        _client.Dispose();
        _server.Dispose();
        Remove();
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

using System.Net;
using System.Net.Sockets;
using Kn.Linux.Datagrams;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Linux.NetnsTests;

/// <summary>What datagrams look like on the wire. Needs root.</summary>
public sealed class UdpSocketTests : IDisposable
{
    private const ushort Port = 5300;
    private readonly TestNamespace _namespace = new("knud");

    public UdpSocketTests() => _namespace.Ip("link", "set", "lo", "up");

    public void Dispose() => _namespace.Dispose();

    /// <summary>RFC 9715 §3.1; and somebody's word that the way is narrow changes nothing.</summary>
    [Fact]
    public void Answers_LeaveUnfragmented_WhateverThePathIsSaidToTake()
    {
        _namespace.Exec("nft", $"add table ip t; add chain ip t c {{ type filter hook output priority 0; }}; add rule ip t c udp sport {Port} ip frag-off & 0x4000 == 0x4000 counter");
        _namespace.Ip("route", "replace", "local", "127.0.0.1", "dev", "lo", "table", "local", "mtu", "lock", "600");
        using var server = UdpSocket.Bind(IpAddress.Loopback(IpFamily.V4), Port, 1 << 16, _namespace.Namespace);
        using var client = _namespace.Namespace.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000 });
        using var batch = new DatagramBatch(1, 100, 1232);
        client.SendTo([1], new IPEndPoint(IPAddress.Loopback, Port));
        Assert.Equal(1, batch.Receive(server));
        batch.NextResponse.Fill(2);
        batch.Reply(0, 1232);
        Assert.Equal(0, batch.Send(server));
        Assert.Equal(1232, client.Receive(new byte[2000]));
        Assert.Contains("packets 1 bytes 1260", _namespace.Exec("nft", "list", "chain", "ip", "t", "c"), StringComparison.Ordinal);
    }
}

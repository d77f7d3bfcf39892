using System.Net;
using System.Net.Sockets;
using Kn.Linux.Conntrack;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Linux.NetnsTests;

public sealed class ConntrackTests : IDisposable
{
    private const byte Udp = 17;
    private const byte Tcp = 6;
    private readonly TestNamespace _test = new("knlx");
    private readonly ConntrackSocket _socket;
    private readonly List<Socket> _open = [];

    public ConntrackTests()
    {
        // A rule that looks at conntrack makes the kernel track; the Service address leads to the backend on port 5353.
        _test.Ip("addr", "add", "10.96.0.10/32", "dev", "lo");
        _test.Ip("addr", "add", "fd00:96::10/128", "dev", "lo", "nodad");
        var (exitCode, _, error) = Tool.Try("ip", ["netns", "exec", _test.Name, "nft", "-f", "-"], """
            table inet t {
              chain out {
                type nat hook output priority -100;
                ip daddr 10.96.0.10 udp dport 53 dnat ip to 127.0.0.1:5353
                ip6 daddr fd00:96::10 udp dport 53 dnat ip6 to [::1]:5353
              }
              chain marked { type filter hook output priority 0; ct state new udp dport 7000 ct mark set 0x40; }
            }
            """);
        Assert.True(exitCode == 0, error);
        _socket = ConntrackSocket.Open(_test.Namespace);
    }

    public void Dispose()
    {
        _open.ForEach(socket => socket.Dispose());
        _socket.Dispose();
        _test.Dispose();
    }

    [Theory]
    [InlineData("10.96.0.10", "127.0.0.1")]
    [InlineData("fd00:96::10", "::1")]
    public void Delete_ByServiceAndEndpoint_RemovesThoseFlowsOnly(string service, string endpoint)
    {
        Send(service, 53);
        Send(service, 53);
        Send(endpoint, 6000);
        var filter = new ConntrackFilter
        {
            Family = IpAddress.Parse(service).Family,
            Protocol = Udp,
            OriginalDestination = IpPrefix.Of(IpAddress.Parse(service)),
            OriginalDestinationPort = 53,
            ReplySource = IpPrefix.Of(IpAddress.Parse(endpoint)),
            ReplySourcePort = 5353,
        };
        var flows = _socket.Read(filter);
        Assert.Equal(2, flows.Count);
        Assert.All(flows, flow => Assert.True(flow.Status.HasFlag(ConntrackStatus.DestinationNat | ConntrackStatus.Confirmed)));
        Assert.Equal(2, _socket.Delete(filter));
        Assert.Equal(0, _socket.Delete(filter));
        Assert.Empty(_socket.Read(filter));
        Assert.Single(_socket.Read(new ConntrackFilter { OriginalDestinationPort = 6000 }));
        Assert.Contains("dport=6000", _test.Exec("conntrack", "-L", "-f", service.Contains(':') ? "ipv6" : "ipv4"), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AgreesWithConntrackTool_ForTcpUdpAndIcmp()
    {
        Connect("127.0.0.1");
        Connect("::1");
        Send("127.0.0.1", 7000);
        _test.Exec("ping", "-c", "1", "127.0.0.1");
        _test.Exec("ping", "-c", "1", "::1");
        var flows = _socket.Read(new ConntrackFilter());
        foreach (var family in new[] { "ipv4", "ipv6" })
        {
            var lines = _test.Exec("conntrack", "-L", "-f", family).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.NotEmpty(lines);
            Assert.Equal(lines.Length, flows.Count(flow => flow.Original.Source.Family == (family == "ipv6" ? IpFamily.V6 : IpFamily.V4)));
            Assert.All(lines, line => Assert.Contains(flows, flow => IsLineOf(line, flow)));
        }

        Assert.Equal(0x40u, Assert.Single(flows, flow => flow.Original.DestinationPort == 7000).Mark);
        Assert.Single(_socket.Read(new ConntrackFilter { Mark = 0x40, MarkMask = 0xF0 }));
        Assert.Equal(2, _socket.Read(new ConntrackFilter { Protocol = Tcp, Status = ConntrackStatus.Assured }).Count);
    }

    [Fact]
    public void Delete_OfEverything_LeavesNothing_WhateverTheProtocol()
    {
        Connect("127.0.0.1");
        Connect("::1");
        Send("::1", 7000);
        _test.Exec("ping", "-c", "1", "127.0.0.1");
        _test.Exec("ping", "-c", "1", "::1");
        Assert.True(_socket.Delete(new ConntrackFilter()) >= 5);
        Assert.Equal("", _test.Exec("conntrack", "-L", "-f", "ipv4").Trim());
        Assert.Equal("", _test.Exec("conntrack", "-L", "-f", "ipv6").Trim());
    }

    [Fact]
    public void Delete_OfThousandsByManyFilters_IsOneWalk()
    {
        for (var port = 10_000; port < 13_000; port++)
        {
            Send("127.0.0.1", port);
        }

        var filters = Enumerable.Range(10_000, 2_999).Select(port => new ConntrackFilter { Protocol = Udp, OriginalDestinationPort = (ushort)port }).ToList();
        Assert.Equal(2_999, _socket.Delete(filters));
        Assert.Equal(12_999, Assert.Single(_socket.Read(new ConntrackFilter { Protocol = Udp })).Original.DestinationPort);
        Assert.Equal(0, _socket.Delete([]));
    }

    private static bool IsLineOf(string line, ConntrackFlow flow) =>
        line.Contains($"src={flow.Original.Source} dst={flow.Original.Destination} ", StringComparison.Ordinal)
        && line.Contains($"src={flow.Reply.Source} dst={flow.Reply.Destination} ", StringComparison.Ordinal)
        && (flow.Original.Protocol is 1 or 58
            ? line.Contains($"type={flow.Original.DestinationPort >> 8} code=0 id={flow.Original.SourcePort}", StringComparison.Ordinal)
            : line.Contains($"sport={flow.Original.SourcePort} dport={flow.Original.DestinationPort}", StringComparison.Ordinal));

    private void Send(string address, int port) => _test.Namespace.Run(() =>
    {
        var to = new IPEndPoint(IPAddress.Parse(address), port);
        using var socket = new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.SendTo("x"u8, to);
    });

    private void Connect(string address) => _test.Namespace.Run(() =>
    {
        var listener = new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _open.Add(listener);
        listener.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        listener.Listen();
        var client = new Socket(listener.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _open.Add(client);
        client.Connect(listener.LocalEndPoint!);
        var server = listener.Accept();
        _open.Add(server);
        client.Send("x"u8);
        server.Receive(new byte[1]);
    });
}

using System.Net;
using System.Net.Sockets;
using Kn.Linux.Netlink;
using Kn.Linux.Nflog;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Linux.NetnsTests;

/// <summary>Packets that real rules log. Needs root.</summary>
public sealed class NflogTests : IDisposable
{
    private const ushort Group = 75;
    private const byte Udp = 17;
    private const byte OutputHook = 3;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly TestNamespace _test = new("knlog");

    public NflogTests()
    {
        var (exitCode, _, error) = Tool.Try("ip", ["netns", "exec", _test.Name, "nft", "-f", "-"], $$"""
            table inet t {
              chain out {
                type filter hook output priority 0;
                udp dport 7000 meta mark set 0x4b log prefix "denied" group {{Group}} drop
                udp dport 7001 log group {{Group + 1}}
              }
            }
            """);
        Assert.True(exitCode == 0, error);
    }

    public void Dispose() => _test.Dispose();

    [Theory]
    [InlineData("127.0.0.1", 33)]
    [InlineData("::1", 53)]
    public async Task LoggedPacket_SaysWhoSentWhatToWhom(string address, int length)
    {
        using var monitor = NflogMonitor.Open(Group, _test.Namespace);
        using var socket = Send(address, 7001, "other"u8);
        using var logged = Send(address, 7000, "hello"u8);
        var packet = await FirstAsync(monitor);
        Assert.Equal(("denied", 0x4Bu, OutputHook), (packet.Prefix, packet.Mark, packet.Hook));
        var expected = new PacketHeaders(IpAddress.Parse(address), IpAddress.Parse(address), Udp, (ushort)((IPEndPoint)logged.LocalEndPoint!).Port, 7000, length);
        Assert.Equal(expected, packet.Headers);
        Assert.Equal((0, 1), (packet.InputLink, packet.OutputLink));
    }

    [Fact]
    public void GroupThatSomebodyElseListensTo_IsRefused()
    {
        using var first = NflogMonitor.Open(Group, _test.Namespace);
        var error = Assert.Throws<NetlinkException>(() => NflogMonitor.Open(Group, _test.Namespace).Dispose());
        Assert.Equal(Errno.EPERM, error.Errno);
        Assert.Contains("NFLOG group 75", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GroupIsFree_WhenItsListenerEnds()
    {
        NflogMonitor.Open(Group, _test.Namespace).Dispose();
        using var monitor = NflogMonitor.Open(Group, _test.Namespace);
        using var logged = Send("127.0.0.1", 7000, "again"u8);
        Assert.Equal(7000, (await FirstAsync(monitor)).Headers.DestinationPort);
    }

    private static async Task<LoggedPacket> FirstAsync(NflogMonitor monitor)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await foreach (var packet in monitor.ReadAllAsync(deadline.Token))
        {
            return packet;
        }

        throw new InvalidOperationException("the monitor ended");
    }

    private Socket Send(string address, int port, ReadOnlySpan<byte> text)
    {
        var target = new IPEndPoint(IPAddress.Parse(address), port);
        var socket = _test.Namespace.Run(() => new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        socket.Connect(target);
        try
        {
            socket.Send(text);
        }
        catch (SocketException)
        {
            // Dropped at the output hook: the sender is told EPERM.
        }

        return socket;
    }
}

using System.Net;
using System.Net.Sockets;
using Kn.Bgp.Sessions;
using Kn.NetnsTests;

namespace Kn.Bgp.NetnsTests;

/// <summary>A peer that keeps no rules, by hand-made bytes on a TCP connection.</summary>
public sealed class RawPeerTests
{
    private static readonly byte[] Marker = [.. Enumerable.Repeat((byte)0xFF, 16)];

    /// <summary>AS 65001, hold time 90, four-byte numbers and IPv4.</summary>
    private static readonly byte[] Open = [.. Marker, 0, 43, 1, 4, 0xFD, 0xE9, 0, 90, 10, 0, 0, 2, 14, 2, 12, 1, 4, 0, 1, 0, 1, 65, 4, 0, 0, 0xFD, 0xE9];

    private static readonly byte[] Keepalive = [.. Marker, 0, 19, 4];

    private static Socket Connect(PeerNetwork network)
    {
        var socket = network[0].Namespace.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.ReceiveTimeout = 20_000;
        socket.Connect(new IPEndPoint(IPAddress.Parse("10.9.0.1"), 179));
        return socket;
    }

    /// <summary>Reads to the end; the code and subcode of the NOTIFICATION, if there was one.</summary>
    private static string ReadToEnd(Socket socket)
    {
        var all = new List<byte>();
        var buffer = new byte[4096];
        try
        {
            for (int received; (received = socket.Receive(buffer)) > 0;)
            {
                all.AddRange(buffer[..received]);
            }
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionReset)
        {
        }

        for (var at = 0; at + 19 <= all.Count; at += (all[at + 16] << 8) | all[at + 17])
        {
            if (all[at + 18] == 3)
            {
                return $"{all[at + 19]}/{all[at + 20]}";
            }
        }

        return "";
    }

    private static KnPeer Listen(PeerNetwork network)
    {
        var kn = new KnPeer(network.Kn);
        kn.SetPeers(KnPeer.Peer(asn: 65001) with { IsPassive = true });
        return kn;
    }

    [Conformance("bgp", "Messages")]
    [Theory]
    [InlineData("0000000000000000000000000000000000130400", "1/1")]
    [InlineData("ffffffffffffffffffffffffffffffff00130700", "1/3")]
    [InlineData("ffffffffffffffffffffffffffffffff00120400", "1/2")]
    [InlineData("ffffffffffffffffffffffffffffffff001d0103fde9005a0a00000200", "2/1")]
    [InlineData("ffffffffffffffffffffffffffffffff001d0104fdea005a0a00000200", "2/2")]
    [InlineData("ffffffffffffffffffffffffffffffff00170200000000", "5/1")]
    public void WrongMessage_IsAnsweredWithItsNotification_OnTheWire(string bytes, string notification)
    {
        using var network = new PeerNetwork();
        using var kn = Listen(network);
        using var socket = Connect(network);
        socket.Send(Convert.FromHexString(bytes));
        Assert.Equal(notification, ReadToEnd(socket));
    }

    [Fact]
    public void Messages_ThatArriveByteByByte_AreUnderstood()
    {
        using var network = new PeerNetwork();
        using var kn = Listen(network);
        using var socket = Connect(network);
        socket.NoDelay = true;
        byte[] update = [.. Marker, 0, 47, 2, 0, 0, 0, 20, 0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xFD, 0xE9, 0x40, 3, 4, 10, 9, 0, 2, 24, 10, 2, 3];
        foreach (var octet in (byte[])[.. Open, .. Keepalive, .. update])
        {
            socket.Send([octet]);
        }

        Eventually.True(() => kn.Routes.GetValueOrDefault("10.2.3.0/24") == "10.9.0.2", "the route is here");
    }

    /// <summary>One that has restarted itself, and that nobody waits for with choosing; one that only helps; one without graceful restart, whose next KEEPALIVE counts.</summary>
    [Conformance("bgp", "Graceful restart")]
    [Theory]
    [InlineData("4006807800010180", "00170200000000", true)]
    [InlineData("40020078", "00170200000000", false)]
    [InlineData("", "001304", true)]
    public void Kernel_IsNotSwept_BeforeThePeerHasToldAllItHas(string capability, string end, bool isChosenBefore)
    {
        using var network = new PeerNetwork();
        using var kn = new KnPeer(network.Kn, static speaker => speaker with { IsRestarting = true, SelectionDeferral = TimeSpan.FromMinutes(10) });
        kn.SetPeers(KnPeer.Peer(asn: 65001) with { IsPassive = true, RestartTime = TimeSpan.FromMinutes(2) });
        using var socket = Connect(network);
        byte[] open = [.. Open, .. Convert.FromHexString(capability)];
        (open[17], open[28], open[30]) = ((byte)open.Length, (byte)(open.Length - 29), (byte)(open.Length - 31));
        byte[] update = [.. Marker, 0, 47, 2, 0, 0, 0, 20, 0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xFD, 0xE9, 0x40, 3, 4, 10, 9, 0, 2, 24, 10, 2, 3];
        socket.Send([.. open, .. Keepalive, .. update]);
        Eventually.True(() => kn.Status().ReceivedV4 == 1, "the route was heard");
        Eventually.True(() => kn.Routes.ContainsKey("10.2.3.0/24") == isChosenBefore, "it is chosen if nobody is waited for");
        Assert.DoesNotContain("converged", kn.Events);
        socket.Send([.. Marker, .. Convert.FromHexString(end)]);
        Eventually.True(() => kn.Routes.ContainsKey("10.2.3.0/24") && kn.Events.Contains("converged"), "that was all");
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void AnyBytes_EndTheirConnection_AndNothingElse()
    {
        using var network = new PeerNetwork();
        using var kn = Listen(network);
        var random = new Random(179);
        for (var i = 0; i < 60; i++)
        {
            using var socket = Connect(network);
            var garbage = new byte[random.Next(1, 9000)];
            random.NextBytes(garbage);
            if (i % 2 == 0)
            {
                Marker.CopyTo(garbage.AsSpan(0, Math.Min(16, garbage.Length)));
            }

            try
            {
                socket.Send(i % 3 == 0 ? [.. Open, .. Keepalive, .. garbage] : garbage);
                socket.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // Refused while the peer is idle after its last error.
            }

            ReadToEnd(socket);
        }

        Eventually.True(() => Establishes(network, kn), "a peer that keeps the rules is served again");
    }

    private static bool Establishes(PeerNetwork network, KnPeer kn)
    {
        if (kn.Status().State != SessionState.Active)
        {
            return false;
        }

        using var socket = Connect(network);
        socket.Send([.. Open, .. Keepalive]);
        Eventually.True(() => kn.Status().State is SessionState.Established, "the session is up");
        return true;
    }
}

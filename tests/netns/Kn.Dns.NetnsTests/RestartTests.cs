using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Kn.Dns.Forwarding;
using Kn.Dns.Tests.Wire;
using Kn.Dns.Tests.Zone;
using Kn.Dns.Wire;
using Kn.Hosting.Pods;
using Kn.Linux.Datagrams;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Dns.NetnsTests;

/// <summary>One agent stops, the next one starts: what clients ask meanwhile.</summary>
public sealed class RestartTests
{
    private const string Web = "web.default.svc.cluster.local";
    private static readonly IpAddress V4 = IpAddress.Parse("10.96.0.10");
    private static readonly IpAddress V6 = IpAddress.Parse("fd00:96::a");

    private static readonly string[] Names = ["dns-tcp-10.96.0.10-53", "dns-tcp-fd00_96__a-53", "dns-udp-10.96.0.10-53-0", "dns-udp-fd00_96__a-53-0"];

    [Theory]
    [InlineData("10.96.0.10")]
    [InlineData("fd00:96::a")]
    [Conformance("dns", "Restart")]
    public async Task QueriesWhileNoAgentRuns_WaitInItsSockets_AndTheNextOneAnswers(string server)
    {
        using var manager = new ServiceManager();
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1")) { Stored = manager.NextProcess() };
        await net.StartAsync();
        await net.StopAsync();
        Assert.Equal(Names, manager.Kept);

        // Nobody asks twice here: each answer is one to a query that came while no agent ran.
        using var datagrams = OpenRoomy(net, server);
        var connections = Enumerable.Range(0, 50).Select(_ => Client.Open(net.Pod.Namespace, server, 53)).ToList();
        for (ushort id = 0; id < 500; id++)
        {
            datagrams.Send(Messages.Query(Web, id: id));
        }

        connections.ForEach(static connection => connection.Send(Frame(Messages.Query(Web, id: 7))));
        net.Stored = manager.NextProcess();
        await net.StartAsync();
        Assert.Equal(Enumerable.Range(0, 500), Receive(datagrams, 500).Order());
        foreach (var connection in connections)
        {
            Assert.Equal(7, ReceiveFrame(connection));
            connection.Dispose();
        }
    }

    [Fact]
    [Conformance("dns", "Restart")]
    public async Task TenThousandQueries_MayWait()
    {
        const int Count = 10_000;
        using var manager = new ServiceManager();
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1")) { Stored = manager.NextProcess() };
        await net.StartAsync();
        await net.StopAsync();
        using var client = OpenRoomy(net, V4.ToString());
        for (var id = 0; id < Count; id++)
        {
            client.Send(Messages.Query(Web, id: (ushort)id));
        }

        net.Stored = manager.NextProcess();
        await net.StartAsync();
        Assert.Equal(Count, Receive(client, Count).Distinct().Count());
    }

    [Fact]
    [Conformance("dns", "Restart")]
    public async Task StreamOfQueries_OverAStopAndAStart_LosesNone()
    {
        using var manager = new ServiceManager();
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1")) { Stored = manager.NextProcess() };
        await net.StartAsync(new DnsOptions { Threads = 2 });
        var asked = 0;
        var stop = false;
        var clients = Enumerable.Range(0, 8).Select(number => Task.Run(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                // A port of its own each, so that all sockets of the server have their share.
                using var client = Client.Open(net.Pod.Namespace, V4.ToString(), 53, number % 4 == 0 ? ProtocolType.Tcp : ProtocolType.Udp);
                var query = Messages.Query(Web, id: (ushort)number);
                client.Send(number % 4 == 0 ? Frame(query) : query);
                Assert.Equal(number, number % 4 == 0 ? ReceiveFrame(client) : Receive(client, 1)[0]);
                Interlocked.Increment(ref asked);
            }
        })).ToList();
        Eventually.True(() => Volatile.Read(ref asked) > 200, "clients ask");
        await net.StopAsync();
        net.Stored = manager.NextProcess();
        await net.StartAsync(new DnsOptions { Threads = 2 });
        var after = Volatile.Read(ref asked);
        Eventually.True(() => Volatile.Read(ref asked) > after + 200, "clients go on");
        Volatile.Write(ref stop, true);
        await Task.WhenAll(clients);
    }

    [Fact]
    public async Task SocketThatIsNotWhatItsNameSays_IsClosed_AndAnotherBound()
    {
        using var manager = new ServiceManager();
        using var other = UdpSocket.Bind(V4, 54, 65536); // Of the wrong port; IP_FREEBIND lets it be anywhere.
        manager.Keep(Names[2], other.Handle);
        manager.Keep(Names[0], File.OpenHandle("/dev/null"));
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1")) { Stored = manager.NextProcess() };
        await net.StartAsync();
        Assert.True(other.Handle.IsClosed);
        Assert.Equal("10.96.0.1", DnsNet.Dig(net.Pod, "@10.96.0.10", "+short", Web));
        Assert.Equal("10.96.0.1", DnsNet.Dig(net.Pod, "@10.96.0.10", "+tcp", "+short", Web));
        Assert.Equal(Names, manager.Kept);
    }

    [Fact]
    public async Task FewerThreadsThanBefore_LeaveNoSocketThatNobodyReads()
    {
        using var manager = new ServiceManager();
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1")) { Stored = manager.NextProcess() };
        await net.StartAsync(new DnsOptions { Threads = 4 });
        await net.StopAsync();
        Assert.Equal(10, manager.Kept.Count);
        net.Stored = manager.NextProcess();
        await net.StartAsync();
        foreach (var _ in Enumerable.Range(0, 50))
        {
            using var client = Client.Open(net.Pod.Namespace, V4.ToString(), 53, ProtocolType.Udp);
            client.Send(Messages.Query(Web, id: 3));
            Assert.Equal([3], Receive(client, 1));
        }
    }

    [Fact]
    public async Task AddressThatIsNoLongerServed_IsNotKept()
    {
        using var manager = new ServiceManager();
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1")) { Stored = manager.NextProcess() };
        await net.StartAsync();
        Assert.Equal(4, manager.Kept.Count);
        net.Cache.Replace(Kubernetes.Cache.ResourceKinds.Services, [DnsNet.KubeDns with { ClusterIps = [V4] }]);
        Eventually.True(() => manager.Kept is [var tcp, var udp] && tcp == Names[0] && udp == Names[2], "only the address that is left is kept");
    }

    [Fact]
    [Conformance("dns", "Restart")]
    public async Task QuestionUnderWay_WhenTheAgentStops_IsAnswered()
    {
        await using var net = new DnsNet();
        using var upstream = net.Node.Namespace.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        upstream.Bind(new IPEndPoint(IPAddress.Parse("203.0.113.1"), 5301));
        upstream.ReceiveTimeout = 20_000;
        await net.StartAsync(new DnsOptions { Forward = new DnsForwardOptions { Upstreams = ["203.0.113.1:5301"] } });
        using var client = Client.Open(net.Pod.Namespace, V4.ToString(), 53, ProtocolType.Udp);
        client.Send(Messages.Query("www.example", id: 11));
        var query = new byte[1500];
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        int length;
        do
        {
            length = upstream.ReceiveFrom(query, ref from);
        }
        while (query.AsSpan(0, length).IndexOf("example"u8) < 0);
        var stopping = net.StopAsync();
        query[2] |= 0x80;
        upstream.SendTo(query.AsSpan(0, length), SocketFlags.None, from);
        var response = new byte[1500];
        Assert.Equal(DnsRcode.NoError, DnsHeader.Read(response.AsSpan(0, client.Receive(response))).Rcode);
        await stopping;
    }

    [Fact]
    public async Task NewPod_WaitsForZoneAndSockets()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        using var squatter = net.Node.Namespace.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        squatter.Bind(new IPEndPoint(IPAddress.Any, 53));
        var context = net.Begin();
        Eventually.True(() => context.Status.Read().Parts.Any(static part => part is { Name: "zone", Ready: true }), "the zone is there");
        Eventually.True(() => context.Status.Read().Parts.Any(static part => part is { Name: "addresses", Ready: false } && part.Error is not null), "the address cannot be served");
        var gate = Assert.Single(net.Gates.All);
        var waiting = gate.WaitAsync(new AttachedPod(null, "", [], "v1"), CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        squatter.Dispose();
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("10.96.0.1", DnsNet.Dig(net.Pod, "@10.96.0.10", "+short", Web));
    }

    /// <summary>A client that is not read until all answers are there.</summary>
    private static Socket OpenRoomy(DnsNet net, string server)
    {
        const int SOL_SOCKET = 1;
        const int SO_RCVBUFFORCE = 33;
        var socket = Client.Open(net.Pod.Namespace, server, 53, ProtocolType.Udp);
        socket.SetRawSocketOption(SOL_SOCKET, SO_RCVBUFFORCE, BitConverter.GetBytes(32 << 20));
        return socket;
    }

    private static byte[] Frame(byte[] message) => [(byte)(message.Length >> 8), (byte)message.Length, .. message];

    private static List<int> Receive(Socket socket, int count)
    {
        var ids = new List<int>();
        var buffer = new byte[1500];
        while (ids.Count < count)
        {
            var response = buffer.AsSpan(0, socket.Receive(buffer));
            Assert.Equal(DnsRcode.NoError, DnsHeader.Read(response).Rcode);
            ids.Add(DnsHeader.Read(response).Id);
        }

        return ids;
    }

    private static int ReceiveFrame(Socket socket)
    {
        var prefix = new byte[2];
        ReceiveAll(socket, prefix);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        ReceiveAll(socket, message);
        Assert.Equal(DnsRcode.NoError, DnsHeader.Read(message).Rcode);
        return DnsHeader.Read(message).Id;
    }

    private static void ReceiveAll(Socket socket, byte[] bytes)
    {
        for (var received = 0; received < bytes.Length;)
        {
            var count = socket.Receive(bytes.AsSpan(received));
            Assert.True(count > 0, "the server hung up");
            received += count;
        }
    }
}

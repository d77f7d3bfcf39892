using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Kn.Dns.Forwarding;
using Kn.Dns.Tests.Wire;
using Kn.Dns.Tests.Zone;
using Kn.Dns.Wire;
using Kn.Hosting.Control;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Dns.NetnsTests;

/// <summary>UDP and TCP as clients use and misuse them.</summary>
public sealed class TransportTests
{
    private const string Web = "web.default.svc.cluster.local";
    private static readonly IPEndPoint Server = new(IPAddress.Parse("10.96.0.10"), 53);

    [Fact]
    [Conformance("dns", "Transport")]
    public async Task LargeAnswer_IsCutByUdp_AndWholeByTcp()
    {
        await using var net = new DnsNet(Build.Headless("db"), Build.Slice("db", IpFamily.V4, Enumerable.Range(0, 500).Select(static number => Build.Endpoint($"10.244.{number / 250}.{(number % 250) + 1}"))));
        await net.StartAsync();
        Assert.Contains(" tc ", DnsNet.Dig(net.Pod, "@10.96.0.10", "+ignore", "db.default.svc.cluster.local"), StringComparison.Ordinal);
        Assert.Equal(500, DnsNet.Dig(net.Pod, "@10.96.0.10", "+short", "db.default.svc.cluster.local").Split('\n').Distinct().Count());
    }

    [Fact]
    [Conformance("dns", "Transport")]
    public async Task TcpConnection_CarriesManyQueries_InAnyPieces()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        await net.StartAsync();
        using var socket = Connect(net);
        var frames = Enumerable.Range(0, 200).SelectMany(static number => Frame(Messages.Query(Web, id: (ushort)number))).ToArray();
        var sending = Task.Run(() =>
        {
            for (var sent = 0; sent < frames.Length;)
            {
                sent += socket.Send(frames.AsSpan(sent, Math.Min(sent % 97 + 1, frames.Length - sent)));
            }
        });
        var seen = new HashSet<int>();
        for (var number = 0; number < 200; number++)
        {
            var response = Messages.Parse(Receive(socket));
            Assert.Equal([Web + ". 5 A 10.96.0.1"], response.Answers);
            Assert.True(seen.Add(response.Header.Id));
        }

        await sending;

        // Who has said all still gets what it asked for, and then the end.
        socket.Send(Frame(Messages.Query(Web, id: 999)));
        socket.Shutdown(SocketShutdown.Send);
        Assert.Equal(999, DnsHeader.Read(Receive(socket)).Id);
        Assert.Equal(0, socket.Receive(new byte[1]));
    }

    [Fact]
    [Conformance("dns", "Transport")]
    public async Task TcpConnection_ThatIsSilent_IsClosed()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        await net.StartAsync(new DnsOptions { Tcp = new TcpOptions { IdleTimeout = TimeSpan.FromSeconds(1) } });
        using var silent = Connect(net);
        using var half = Connect(net);
        half.Send([0, 100, 1, 2, 3]);
        Assert.Equal(0, silent.Receive(new byte[1]));
        Assert.Equal(0, half.Receive(new byte[1]));
    }

    [Fact]
    [Conformance("dns", "Transport")]
    public async Task TcpClient_ThatTakesNoAnswers_IsHeldUp_AndLetGo()
    {
        await using var net = new DnsNet(Build.Headless("db"), Build.Slice("db", IpFamily.V4, Enumerable.Range(0, 2000).Select(static number => Build.Endpoint($"10.244.{number / 250}.{(number % 250) + 1}"))));
        await net.StartAsync(new DnsOptions { Tcp = new TcpOptions { IdleTimeout = TimeSpan.FromSeconds(2), MaxPending = 4 } });
        using var greedy = Connect(net);
        greedy.SendTimeout = 20_000;
        var frame = Frame(Messages.Query("db.default.svc.cluster.local"));

        // 32 KB for 40 bytes: without back-pressure this would fill the agent's memory. How the kernel tells the end depends on its buffers.
        Assert.Throws<SocketException>((Action)(() =>
        {
            while (true)
            {
                greedy.Send(frame);
            }
        }));
        Eventually.True(() => Metric(net, "kn_dns_tcp_connections") == 0, "the connection is let go");
        Assert.InRange(Metric(net, "kn_dns_requests_total{proto=\"tcp\",type=\"A\"}"), 4, 2000);
        Assert.Contains("10.244.", DnsNet.Dig(net.Pod, "@10.96.0.10", "+tcp", "+short", "db.default.svc.cluster.local"), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("dns", "Transport")]
    public async Task TcpConnections_OfOneClient_AreLimited()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        await net.StartAsync(new DnsOptions { Tcp = new TcpOptions { MaxConnectionsPerClient = 3 } });
        var open = Enumerable.Range(0, 3).Select(_ => Connect(net)).ToList();
        open.ForEach(socket => Assert.Single(Exchange(socket).Answers));
        using var one = Connect(net);
        Assert.Equal(0, one.Receive(new byte[1]));
        Assert.Equal("10.96.0.1", DnsNet.Dig(net.Node, "@10.96.0.10", "+tcp", "+short", Web));
        open.ForEach(static socket => socket.Dispose());
        Eventually.True(() => DnsNet.Dig(net.Pod, "@10.96.0.10", "+tcp", "+short", Web) == "10.96.0.1", "there is room again");
    }

    [Fact]
    [Conformance("dns", "Faults")]
    public async Task Garbage_IsSurvived_ByUdpAndTcp()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        // Without a limit: garbage counts, and a busy machine lets all of it come within a second. Some of it finds the queue full, as the query may.
        await net.StartAsync(new DnsOptions { RateLimit = 0 });
        using var udp = net.Pod.Namespace.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        udp.Connect(Server);
        var random = new Random(9);
        for (var number = 0; number < 20_000; number++)
        {
            var garbage = number % 3 == 0 ? Messages.Query(Web) : new byte[random.Next(600)];
            random.NextBytes(number % 3 == 0 ? garbage.AsSpan(random.Next(garbage.Length), 1) : garbage);
            udp.Send(garbage);
        }

        using var tcp = Connect(net);
        for (var number = 0; number < 500; number++)
        {
            var garbage = new byte[random.Next(200)];
            random.NextBytes(garbage);
            try
            {
                tcp.Send(Frame(garbage));
            }
            catch (SocketException)
            {
                break;
            }
        }

        Assert.EndsWith("10.96.0.1", DnsNet.Dig(net.Pod, "@10.96.0.10", "+short", Web), StringComparison.Ordinal);
        Assert.Contains("kn_dns_panics_total 0", net.Context.Metrics.ToPrometheusText(), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("dns", "External names")]
    public async Task ExternalName_IsFollowedToAnUpstream()
    {
        await using var net = new DnsNet(Build.ExternalName("ext", "www.example.com"), Build.ExternalName("gone", "nobody.example.com"));
        using var bound = net.Stranger.Namespace.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        bound.Bind(new IPEndPoint(IPAddress.Parse("203.0.113.9"), 53));
        new Thread(() => Answer(bound)) { IsBackground = true }.Start();
        await net.StartAsync(new DnsOptions { Forward = new DnsForwardOptions { Upstreams = ["203.0.113.9"] } });
        for (var round = 0; round < 2; round++)
        {
            foreach (var transport in (string[])["+notcp", "+tcp"])
            {
                Assert.Equal("www.example.com.\n192.0.2.1", DnsNet.Dig(net.Pod, "@10.96.0.10", transport, "+short", "ext.default.svc.cluster.local"));
                Assert.Equal("192.0.2.1", DnsNet.Dig(net.Pod, "@10.96.0.10", transport, "+short", "www.example.com"));
                Assert.Contains("NXDOMAIN", DnsNet.Dig(net.Pod, "@10.96.0.10", transport, "gone.default.svc.cluster.local"), StringComparison.Ordinal);
            }
        }

        Assert.Contains("\"source\": \"cache\"", await QueryAsync(net, "www.example.com", "A", ""), StringComparison.Ordinal);
        var forgotten = await AskAgentAsync(net, (DnsVerb.Action, DnsVerb.ClearCache));
        Assert.Matches("^[1-9][0-9]* answers forgotten, [1-9][0-9]* bytes$", forgotten);
        Assert.Contains("\"source\": \"upstream\"", await QueryAsync(net, "www.example.com", "A", ""), StringComparison.Ordinal);
        Assert.Contains("does not know 'dance'", await AskAgentAsync(net, (DnsVerb.Action, "dance")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspection_SaysWhichRuleAnswered()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        await net.StartAsync();
        Assert.Contains("ClusterIPs of Service default/web", await QueryAsync(net, Web, "A", "10.244.1.7"), StringComparison.Ordinal);
        Assert.Contains("no object of the cluster", await QueryAsync(net, "nobody.default.svc.cluster.local", "A", ""), StringComparison.Ordinal);
        Assert.Contains("dns.clients does not name it", await QueryAsync(net, Web, "A", "203.0.113.9"), StringComparison.Ordinal);
        Assert.Contains("default/web", await QueryAsync(net, "1.0.96.10.in-addr.arpa", "PTR", ""), StringComparison.Ordinal);
        Assert.Contains("is not a type", await QueryAsync(net, Web, "WHAT", ""), StringComparison.Ordinal);
        Assert.Contains("neither an IP address nor a pod", await QueryAsync(net, Web, "A", "default/nobody"), StringComparison.Ordinal);
    }

    private static Task<string> QueryAsync(DnsNet net, string name, string type, string from) =>
        AskAgentAsync(net, (DnsVerb.Question, name), (DnsVerb.Type, type), (DnsVerb.From, from));

    private static async Task<string> AskAgentAsync(DnsNet net, params (string Name, string Value)[] words)
    {
        var arguments = words.ToDictionary(static word => word.Name, static word => word.Value, StringComparer.Ordinal);
        var answer = await net.Context.Control.Find(DnsVerb.Name)!(new ControlRequest(DnsVerb.Name, arguments, ReadOnlyMemory<byte>.Empty), CancellationToken.None);
        return System.Text.Encoding.UTF8.GetString(answer.Body.Span);
    }

    /// <summary>An upstream that knows www.example.com, and of other names that there are none.</summary>
    private static void Answer(Socket socket)
    {
        var buffer = new byte[1500];
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        try
        {
            while (true)
            {
                var length = socket.ReceiveFrom(buffer, ref from);
                if (DnsQuery.Read(buffer.AsSpan(0, length), default, DnsTransport.Udp, out var query) != QueryFault.None)
                {
                    continue;
                }

                var response = new byte[1232];
                var writer = new ResponseWriter(response, query);
                var isKnown = DnsName.Matches(query.Name, DnsName.Parse("www.example.com"));
                if (isKnown && query.Type == DnsType.A)
                {
                    writer.TryWriteAnswer(DnsType.A, 60, [192, 0, 2, 1]);
                }
                else
                {
                    writer.TryWriteSoa(DnsSection.Authority, DnsName.Parse("example.com"), 60, DnsName.Parse("ns.example.com"), DnsName.Parse("h.example.com"), new byte[20]);
                }

                socket.SendTo(response.AsSpan(0, writer.Finish(isKnown ? DnsRcode.NoError : DnsRcode.NameError)), from);
            }
        }
        catch (SocketException)
        {
            // Closed by the test's end.
        }
        catch (ObjectDisposedException)
        {
            // Likewise.
        }
    }

    private static double Metric(DnsNet net, string name) => double.Parse(
        net.Context.Metrics.ToPrometheusText().Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..],
        System.Globalization.CultureInfo.InvariantCulture);

    private static Socket Connect(DnsNet net)
    {
        var socket = net.Pod.Namespace.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000, NoDelay = true });
        socket.Connect(Server);
        return socket;
    }

    private static Response Exchange(Socket socket)
    {
        socket.Send(Frame(Messages.Query(Web)));
        return Messages.Parse(Receive(socket));
    }

    private static byte[] Frame(byte[] message)
    {
        byte[] frame = [0, 0, .. message];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)message.Length);
        return frame;
    }

    private static byte[] Receive(Socket socket)
    {
        var length = Receive(socket, 2);
        return Receive(socket, BinaryPrimitives.ReadUInt16BigEndian(length));
    }

    private static byte[] Receive(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var received = 0; received < count;)
        {
            var more = socket.Receive(bytes.AsSpan(received));
            Assert.True(more > 0, "the connection ended");
            received += more;
        }

        return bytes;
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using Kn.Bgp.Bfd;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Bgp.NetnsTests;

/// <summary>BFD with BIRD's and FRR's daemons.</summary>
public sealed class BfdPeerTests
{
    private static BfdPeerOptions Peer(string address, string local) => new()
    {
        Address = IpAddress.Parse(address),
        LocalAddress = IpAddress.Parse(local),
        SendInterval = TimeSpan.FromMilliseconds(100),
        ReceiveInterval = TimeSpan.FromMilliseconds(100),
    };

    [Conformance("bgp", "BFD")]
    [Theory]
    [InlineData("bird")]
    [InlineData("frr")]
    public async Task Path_ThatIsCut_IsNoticed_InBothFamilies_WhileTheLinkStaysUp(string kind)
    {
        using var network = new PeerNetwork();
        using var peer = new BfdDaemon(kind, network[0]);
        var states = new ConcurrentDictionary<string, BfdState>(StringComparer.Ordinal);
        using var stop = new CancellationTokenSource();
        using var speaker = new BfdSpeaker(
            (address, state, _) => states[address.ToString()] = state,
            TimeProvider.System,
            family => network.Kn.Namespace.Run(() => new Socket(family, SocketType.Dgram, ProtocolType.Udp)));
        var running = Task.Run(() => speaker.RunAsync(stop.Token));
        await speaker.SetPeersAsync([Peer("10.9.0.2", "10.9.0.1"), Peer("fd09::2", "fd09::1")], stop.Token);
        bool Are(BfdState state) => states.GetValueOrDefault("10.9.0.2") == state && states.GetValueOrDefault("fd09::2") == state;
        Eventually.True(() => Are(BfdState.Up), $"both sessions are up: {peer.Log}");
        network.Cut(0);
        Eventually.True(() => Are(BfdState.Down), "both sessions are down");
        network.Mend(0);
        Eventually.True(() => Are(BfdState.Up), "both sessions are up again");
        peer.Kill();
        Eventually.True(() => Are(BfdState.Down) || Are(BfdState.AdminDown), "both sessions are down with their daemon");
        await stop.CancelAsync();
        await running;
    }

    [Conformance("bgp", "BFD")]
    [Fact]
    public async Task Packet_ThatCameOverARouter_IsNotTaken()
    {
        using var network = new PeerNetwork();
        var states = new ConcurrentQueue<BfdState>();
        using var stop = new CancellationTokenSource();
        using var speaker = new BfdSpeaker(
            (_, state, _) => states.Enqueue(state),
            TimeProvider.System,
            family => network.Kn.Namespace.Run(() => new Socket(family, SocketType.Dgram, ProtocolType.Udp)));
        var running = Task.Run(() => speaker.RunAsync(stop.Token));
        await speaker.SetPeersAsync([Peer("10.9.0.2", "10.9.0.1"), Peer("fd09::2", "fd09::1")], stop.Token);
        var packet = new byte[BfdPacket.Size];
        new BfdPacket(BfdState.Down, BfdDiagnostic.None, false, false, 3, 1, 0, 1_000_000, 1_000_000).Write(packet);
        foreach (var (from, to, family) in new[] { ("10.9.0.2", "10.9.0.1", AddressFamily.InterNetwork), ("fd09::2", "fd09::1", AddressFamily.InterNetworkV6) })
        {
            using var sender = network[0].Namespace.Run(() => new Socket(family, SocketType.Dgram, ProtocolType.Udp));
            sender.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Parse(from), 50000));
            var target = new System.Net.IPEndPoint(System.Net.IPAddress.Parse(to), 3784);
            var before = states.Count;
            sender.Ttl = 254;
            sender.SendTo(packet, target);
            sender.Ttl = 255;
            sender.SendTo(packet, target);
            // Packets of one socket arrive in order: had the first been taken, this would be the second change, to Init and no further.
            Eventually.True(() => states.Count > before, "the packet with the full TTL is taken");
            Assert.Equal(before + 1, states.Count);
            Assert.Equal(1, Drops(network, family));
        }

        await stop.CancelAsync();
        await running;
    }

    /// <summary>How many datagrams the filter of the listener has dropped.</summary>
    private static int Drops(PeerNetwork network, AddressFamily family)
    {
        var table = network.Kn.Exec("cat", family == AddressFamily.InterNetwork ? "/proc/net/udp" : "/proc/net/udp6");
        return table.Split('\n').Where(static line => line.Contains(":0EC8 ", StringComparison.Ordinal))
            .Sum(static line => int.Parse(line.Trim().Split(' ')[^1]));
    }

    /// <summary>A daemon that answers two sessions.</summary>
    private sealed class BfdDaemon : IDisposable
    {
        private readonly List<Process> _processes = [];
        private readonly string _folder = Directory.CreateTempSubdirectory("knbfd").FullName;
        private readonly ConcurrentQueue<string> _log = new();

        internal BfdDaemon(string kind, TestNamespace space)
        {
            if (kind == "bird")
            {
                var config = Write("bird.conf", """
                    log stderr all;
                    router id 10.9.0.2;
                    protocol device { }
                    protocol bfd {
                      interface "*" { interval 100 ms; multiplier 3; };
                      neighbor 10.9.0.1 dev "eth0" local 10.9.0.2;
                      neighbor fd09::1 dev "eth0" local fd09::2;
                    }
                    """);
                Launch(space, "bird", "-f", "-c", config, "-s", Path.Combine(_folder, "bird.ctl"), "-P", Path.Combine(_folder, "bird.pid"));
                return;
            }

            var zebra = Write("zebra.conf", "");
            var bfd = Write("bfdd.conf", """
                bfd
                 peer 10.9.0.1 local-address 10.9.0.2 interface eth0
                  receive-interval 100
                  transmit-interval 100
                  detect-multiplier 3
                  no shutdown
                 peer fd09::1 local-address fd09::2 interface eth0
                  receive-interval 100
                  transmit-interval 100
                  detect-multiplier 3
                  no shutdown
                """);
            Tool.Run("chown", "-R", "frr:frrvty", _folder);
            var socket = Path.Combine(_folder, "zserv.api");
            Launch(space, "/usr/lib/frr/zebra", "-f", zebra, "-i", Path.Combine(_folder, "zebra.pid"), "-z", socket, "--vty_socket", _folder, "--log", "stdout");
            Eventually.True(() => File.Exists(socket), "zebra is there");
            Launch(space, "/usr/lib/frr/bfdd", "-f", bfd, "-i", Path.Combine(_folder, "bfdd.pid"), "-z", socket, "--vty_socket", _folder, "--bfdctl", Path.Combine(_folder, "bfdd.sock"), "--log", "stdout");
        }

        internal string Log => string.Join('\n', _log);

        internal void Kill()
        {
            foreach (var process in _processes)
            {
                process.Kill();
                process.WaitForExit();
                process.Dispose();
            }

            _processes.Clear();
        }

        public void Dispose()
        {
            Kill();
            Directory.Delete(_folder, recursive: true);
        }

        private string Write(string name, string text)
        {
            var path = Path.Combine(_folder, name);
            File.WriteAllText(path, text);
            return path;
        }

        private void Launch(TestNamespace space, string program, params string[] arguments)
        {
            var process = Tool.Start("ip", ["netns", "exec", space.Name, program, .. arguments]);
            process.OutputDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
            process.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            _processes.Add(process);
        }
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.Bgp;

/// <summary>An address of a load balancer that three nodes tell a router by BGP, BIRD with BFD of 100 ms, three times: until traffic flows again after a node is cut off, and
/// packets lost while a node's agent is killed and starts again.</summary>
/// <remarks>The client is outside, behind the router; 64 UDP flows, each asking every 20 ms, spread over all nodes by their ports; the only endpoint is on node1, which is
/// not the one that is cut off.</remarks>
internal static class BgpServiceBench
{
    private const string LabName = "bgplb";
    private const string Address = "203.0.113.7";
    private const int Flows = 64;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Both figures; the packets lost are returned for the sum with those of other ways to announce.</summary>
    public static void Run(string binDirectory, Results results)
    {
        var (seconds, lost) = Measure(binDirectory);
        results.Add("lb.failover_bgp_bfd_s", seconds);
        results.Add("lb.restart_lost_bgp", lost);
    }

    /// <summary>Seconds until traffic flows again, and packets lost by a restart of an agent.</summary>
    public static (double Seconds, int Lost) Measure(string binDirectory)
    {
        var folder = Directory.CreateTempSubdirectory("knbgplb").FullName;
        var config = Path.Combine(folder, "agent.yaml");
        File.WriteAllText(config, """
            routes:
              bgp:
                enabled: true
                bfd: { interval: 100ms }
                peers: [{ address: 192.168.77.1, asn: 65001, bfd: true }]

            """);
        using var lab = Lab.Up(binDirectory, LabName, "--nodes", "3", "--agent-config", config);
        using var underlay = NetworkNamespace.OpenNamed($"{LabName}-underlay");
        using var outside = NetworkNamespace.OpenNamed($"{LabName}-outside");
        Tool("ip", "netns", "exec", $"{LabName}-underlay", "sysctl", "-qw", "net.ipv4.fib_multipath_hash_policy=1");
        using var bird = StartBird(underlay, folder);
        try
        {
            Prepare(lab);
            using var probes = new Probes(outside, Flows, Pace);
            WaitFor("all flows are answered", () => WaysOfTheRouter() == 3 && probes.AllAnswered());
            var lost = Restart(lab, probes);
            var seconds = CutOff(probes);
            Results.Explain($"{probes.Sent} packets sent; after the cut the last one that was lost was sent at {seconds:0.000} s");
            return (seconds, lost);
        }
        finally
        {
            bird.Kill();
            bird.WaitForExit();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Restart(Lab lab, Probes probes)
    {
        var begin = probes.Now;
        lab.KnLab("agent", "restart", "node2", "--name", LabName);
        Thread.Sleep(TimeSpan.FromSeconds(3));
        return probes.LostBetween(begin, probes.Now);
    }

    private static double CutOff(Probes probes)
    {
        var begin = probes.Now;
        Tool("ip", "-n", $"{LabName}-underlay", "link", "set", "node3", "nomaster");
        Thread.Sleep(TimeSpan.FromSeconds(4));
        return probes.LastLostAfter(begin);
    }

    private static void Prepare(Lab lab)
    {
        var manifest = Path.GetTempFileName();
        File.WriteAllText(manifest, """
            apiVersion: v1
            kind: Pod
            metadata: { name: web, labels: { app: web } }
            spec: { nodeName: node1, containers: [{ name: web, image: echo, ports: [{ containerPort: 5353, protocol: UDP }] }] }
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: web }
            spec: { type: LoadBalancer, selector: { app: web }, ports: [{ name: words, port: 53, targetPort: 5353, protocol: UDP }] }
            """);
        lab.Kubectl("apply", "-f", manifest);
        lab.Kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=60s");
        lab.Kubectl("patch", "service", "web", "--subresource=status", "--type=merge", "-p", "{\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"" + Address + "\"}]}}}");
        File.Delete(manifest);
    }

    private static Process StartBird(NetworkNamespace underlay, string folder)
    {
        var config = Path.Combine(folder, "bird.conf");
        var peers = string.Join('\n', Enumerable.Range(1, 3).Select(static number => $$"""
            protocol bgp node{{number}} {
              local 192.168.77.1 as 65001;
              neighbor 192.168.77.{{10 + number}} as 64512;
              connect delay time 1; connect retry time 1; error wait time 1, 2;
              graceful restart yes;
              bfd yes;
              ipv4 { import all; export none; };
            }
            """));
        File.WriteAllText(config, $$"""
            router id 192.168.77.1;
            protocol device { }
            protocol bfd { interface "*" { interval 100 ms; multiplier 3; }; }
            protocol kernel { merge paths yes; ipv4 { export all; }; }
            {{peers}}
            """);
        var start = new ProcessStartInfo("bird", ["-f", "-c", config, "-s", Path.Combine(folder, "bird.ctl"), "-P", Path.Combine(folder, "bird.pid")]);
        return underlay.Run(() => Process.Start(start)) ?? throw new InvalidOperationException("bird did not start");
    }

    private static int WaysOfTheRouter() => Tool("ip", "-n", $"{LabName}-underlay", "route", "show", Address).Split(" via ").Length - 1;

    private static void WaitFor(string what, Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > Patience)
            {
                throw new InvalidOperationException($"not within {Patience}: {what}");
            }

            Thread.Sleep(50);
        }
    }

    private static string Tool(string program, params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true }) ?? throw new InvalidOperationException($"{program} did not start");
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    /// <summary>Flows that ask without end, and what became of each packet.</summary>
    private sealed class Probes : IDisposable
    {
        private readonly List<Socket> _sockets = [];
        private readonly List<(double SentAt, bool IsAnswered)[]> _packets = [];
        private readonly int[] _sent;
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private readonly CancellationTokenSource _stop = new();
        private readonly List<Thread> _threads = [];

        public Probes(NetworkNamespace from, int flows, TimeSpan pace)
        {
            const int MostPackets = 20_000;
            _sent = new int[flows];
            for (var flow = 0; flow < flows; flow++)
            {
                _sockets.Add(from.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)));
                _sockets[flow].Bind(new IPEndPoint(IPAddress.Any, 0));
                _packets.Add(new (double, bool)[MostPackets]);
            }

            _threads.Add(new Thread(() => Send(pace)));
            _threads.Add(new Thread(Receive));
            _threads.ForEach(static thread => thread.Start());
        }

        public double Now => _watch.Elapsed.TotalSeconds;

        public int Sent => _sent.Sum();

        /// <summary>Whether each flow has an answer to a packet of the last half second.</summary>
        public bool AllAnswered()
        {
            var since = Now - 0.5;
            return Enumerable.Range(0, _sockets.Count).All(flow => Between(flow, since, Now).Any(static packet => packet.IsAnswered));
        }

        /// <summary>Packets sent in a time that nobody answered; those of the last half second may be on their way.</summary>
        public int LostBetween(double begin, double end) => Enumerable.Range(0, _sockets.Count).Sum(flow => Between(flow, begin, end - 0.5).Count(static packet => !packet.IsAnswered));

        /// <summary>How long after a moment the last packet was sent that nobody answered; 0 when all were.</summary>
        public double LastLostAfter(double begin) => Enumerable.Range(0, _sockets.Count)
            .SelectMany(flow => Between(flow, begin, Now - 0.5))
            .Where(static packet => !packet.IsAnswered)
            .Select(packet => packet.SentAt - begin)
            .DefaultIfEmpty()
            .Max();

        public void Dispose()
        {
            _stop.Cancel();
            _threads.ForEach(static thread => thread.Join());
            _sockets.ForEach(static socket => socket.Dispose());
            _stop.Dispose();
        }

        private IEnumerable<(double SentAt, bool IsAnswered)> Between(int flow, double begin, double end) =>
            _packets[flow].Take(Volatile.Read(ref _sent[flow])).Where(packet => packet.SentAt >= begin && packet.SentAt <= end);

        private void Send(TimeSpan pace)
        {
            var target = new IPEndPoint(IPAddress.Parse(Address), 53);
            while (!_stop.IsCancellationRequested)
            {
                var begin = _watch.Elapsed;
                for (var flow = 0; flow < _sockets.Count && _sent[flow] < _packets[flow].Length; flow++)
                {
                    var number = _sent[flow];
                    _packets[flow][number] = (_watch.Elapsed.TotalSeconds, false);
                    Volatile.Write(ref _sent[flow], number + 1);
                    TrySend(_sockets[flow], Encoding.ASCII.GetBytes($"echo {number}"), target);
                }

                var rest = pace - (_watch.Elapsed - begin);
                if (rest > TimeSpan.Zero)
                {
                    Thread.Sleep(rest);
                }
            }
        }

        private static void TrySend(Socket socket, byte[] packet, IPEndPoint target)
        {
            try
            {
                socket.SendTo(packet, target);
            }
            catch (SocketException)
            {
                // No route yet, or ICMP told of an earlier one: it counts as lost.
            }
        }

        private void Receive()
        {
            var buffer = new byte[512];
            while (!_stop.IsCancellationRequested)
            {
                var readable = new List<Socket>(_sockets);
                Socket.Select(readable, null, null, 20_000);
                foreach (var socket in readable)
                {
                    Take(socket, buffer);
                }
            }
        }

        private void Take(Socket socket, byte[] buffer)
        {
            try
            {
                var text = Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
                var flow = _sockets.IndexOf(socket);
                if (int.TryParse(text.AsSpan(text.LastIndexOf(' ') + 1), out var number) && number < _sent[flow])
                {
                    _packets[flow][number].IsAnswered = true;
                }
            }
            catch (SocketException)
            {
            }
        }
    }
}

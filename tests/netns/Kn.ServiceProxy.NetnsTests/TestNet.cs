using System.Diagnostics;
using System.Net.Sockets;
using Kn.Linux.Namespaces;
using Kn.NetnsTests;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>A node, three pods on it and a client outside, each a network namespace of the real kernel. Needs root.</summary>
/// <remarks>
/// <code>
/// outside 192.168.50.9 ── 192.168.50.1 node ── 10.244.1.11, .12, .13 (p1, p2, p3)
///         fd00:50::9      fd00:50::1           fd00:244:1::11, …
/// </code>
/// Outside has routes to the Service prefixes and the load balancers' addresses (203.0.113.0/24, fd00:113::/64) by the node, and none to the pods: who answers it directly does not get through.
/// </remarks>
internal sealed class TestNet : IDisposable
{
    public const int Port = 8080;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static int _count;
    private readonly string _prefix = $"kpx{Environment.ProcessId % 100000}x{Interlocked.Increment(ref _count)}";
    private readonly List<Responder> _responders = [];

    public TestNet()
    {
        Node = NetworkNamespace.Create(Name("n"));
        Outside = NetworkNamespace.Create(Name("o"));
        Pods = [.. Enumerable.Range(1, 3).Select(number => NetworkNamespace.Create(Name($"p{number}")))];
        Wire();
        foreach (var (pod, index) in Pods.Select(static (pod, index) => (pod, index)))
        {
            _responders.Add(new Responder(pod, $"p{index + 1}", Port));
        }
    }

    public NetworkNamespace Node { get; }

    public NetworkNamespace Outside { get; }

    public NetworkNamespace[] Pods { get; }

    /// <summary>Asks with a new connection or datagram socket; "name source" of who answered, or how it failed.</summary>
    public static string Ask(NetworkNamespace from, string address, int port, ProtocolType protocol = ProtocolType.Tcp, string? source = null) =>
        Client.Ask(from, address, port, protocol, Patience, source);

    /// <summary>An open connection, for tests of what survives.</summary>
    public static Socket Open(NetworkNamespace from, string address, int port, ProtocolType protocol = ProtocolType.Tcp) =>
        Client.Open(from, address, port, protocol, Patience);

    public static string AskAgain(Socket socket) => Client.AskAgain(socket);

    /// <summary>Runs a tool inside the node.</summary>
    public string OnNode(params string[] command) => On("n", command);

    /// <summary>Runs a tool inside a namespace: n the node, o outside, p1 to p3 the pods.</summary>
    public string On(string name, params string[] command) => Run("ip", ["netns", "exec", Name(name), .. command]);

    public void Dispose()
    {
        foreach (var responder in _responders)
        {
            responder.Dispose();
        }

        foreach (var space in (NetworkNamespace[])[Node, Outside, .. Pods])
        {
            space.Dispose();
        }

        foreach (var name in (string[])["n", "o", "p1", "p2", "p3"])
        {
            NetworkNamespace.Remove(Name(name));
        }
    }

    private string Name(string suffix) => _prefix + suffix;

    private void Wire()
    {
        Ip(
            $"link add o0 netns {Name("n")} type veth peer name n0 netns {Name("o")}",
            $"-n {Name("n")} addr add 192.168.50.1/24 dev o0",
            $"-n {Name("n")} addr add fd00:50::1/64 dev o0 nodad",
            $"-n {Name("n")} link set o0 up",
            $"-n {Name("n")} link set lo up",
            $"-n {Name("o")} addr add 192.168.50.9/24 dev n0",
            $"-n {Name("o")} addr add fd00:50::9/64 dev n0 nodad",
            $"-n {Name("o")} link set n0 up",
            $"-n {Name("o")} route add 10.96.0.0/16 via 192.168.50.1",
            $"-n {Name("o")} route add fd00:96::/112 via fd00:50::1",
            $"-n {Name("o")} route add 203.0.113.0/24 via 192.168.50.1",
            $"-n {Name("o")} route add fd00:113::/64 via fd00:50::1",
            $"-n {Name("n")} route add 203.0.113.0/24 via 192.168.50.9",
            $"-n {Name("n")} route add fd00:113::/64 via fd00:50::9",
            $"-n {Name("n")} route add 10.96.0.0/16 dev lo src 192.168.50.1",
            $"-n {Name("n")} route add fd00:96::/112 dev lo src fd00:50::1");
        for (var number = 1; number <= 3; number++)
        {
            WirePod(Name("n"), Name($"p{number}"), number);
        }

        OnNode("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
    }

    private static void WirePod(string node, string pod, int number) => Ip(
        $"link add v{number} netns {node} type veth peer name eth0 netns {pod}",
        $"-n {node} addr add 10.244.1.254/32 dev v{number}",
        $"-n {node} addr add fd00:244:1::fe/128 dev v{number} nodad",
        $"-n {node} link set v{number} up",
        $"-n {node} route add 10.244.1.1{number}/32 dev v{number}",
        $"-n {node} route add fd00:244:1::1{number}/128 dev v{number}",
        $"-n {pod} addr add 10.244.1.1{number}/32 dev eth0",
        $"-n {pod} addr add fd00:244:1::1{number}/128 dev eth0 nodad",
        $"-n {pod} link set lo up",
        $"-n {pod} link set eth0 up",
        $"-n {pod} route add 10.244.1.254/32 dev eth0",
        $"-n {pod} route add default via 10.244.1.254",
        $"-n {pod} route add fd00:244:1::fe/128 dev eth0",
        $"-n {pod} route add default via fd00:244:1::fe");

    private static void Ip(params string[] commands)
    {
        foreach (var command in commands)
        {
            Run("ip", command.Split(' '));
        }
    }

    private static string Run(string tool, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{tool} {string.Join(' ', arguments)}: {errors.Result}");
        return output;
    }
}

using Kn.NetnsTests;

namespace Kn.Policy.NetnsTests;

/// <summary>A node, three pods on it and a client outside, each a network namespace of the real kernel: those of the unit tests' base cluster. Needs root.</summary>
/// <remarks>
/// <code>
/// outside 203.0.113.5 ── 203.0.113.1 node 192.168.0.1 ── 10.0.1.1 a/web, 10.0.1.2 a/client, 10.0.1.3 b/client
///         2001:db8::5    2001:db8::1      fd00:192::1    fd00:10:1::1, …
/// </code>
/// </remarks>
internal sealed class PolicyNet : IDisposable
{
    public const int Port = 80;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly List<Responder> _responders = [];

    public PolicyNet()
    {
        foreach (var space in (TestNamespace[])[Node, Outside, .. Pods])
        {
            // Else link-local addresses are of no use for the first second or two.
            space.Exec("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0");
        }

        Node.Ip("addr", "add", "192.168.0.1/32", "dev", "lo");
        Node.Ip("addr", "add", "fd00:192::1/128", "dev", "lo", "nodad");
        Node.Exec("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
        Wire(Outside, "o0", "203.0.113.1", "2001:db8::1", "203.0.113.5", "2001:db8::5");
        for (var number = 1; number <= Pods.Length; number++)
        {
            Wire(Pods[number - 1], $"v{number}", "169.254.1.1", "fd00:ffff::1", $"10.0.1.{number}", $"fd00:10:1::{number}");
            Node.Ip("link", "set", $"v{number}", "group", "75");
        }

        Node.Ip("neigh", "flush", "all");
        _responders.Add(new Responder(Pods[0].Namespace, "web", Port));
        _responders.Add(new Responder(Pods[0].Namespace, "web", 81));
        _responders.Add(new Responder(Outside.Namespace, "outside", Port));
        _responders.Add(new Responder(Node.Namespace, "node", Port));
    }

    public TestNamespace Node { get; } = new("knpoln");

    public TestNamespace Outside { get; } = new("knpolo");

    public TestNamespace[] Pods { get; } = [new("knpol1"), new("knpol2"), new("knpol3")];

    public TestNamespace Web => Pods[0];

    public TestNamespace Client => Pods[1];

    public TestNamespace OtherClient => Pods[2];

    /// <summary>Whether a new connection, or a datagram, is answered.</summary>
    public static bool Reaches(TestNamespace from, string address, int port = Port, bool udp = false) =>
        Kn.NetnsTests.Client.Ask(from.Namespace, address, port, udp ? System.Net.Sockets.ProtocolType.Udp : System.Net.Sockets.ProtocolType.Tcp, Patience).Contains(' ', StringComparison.Ordinal);

    public void Dispose()
    {
        foreach (var responder in _responders)
        {
            responder.Dispose();
        }

        foreach (var space in (TestNamespace[])[Node, Outside, .. Pods])
        {
            space.Dispose();
        }
    }

    private void Wire(TestNamespace space, string link, string gateway4, string gateway6, string address4, string address6)
    {
        Tool.Run("ip", "link", "add", link, "netns", Node.Name, "type", "veth", "peer", "name", "eth0", "netns", space.Name);
        Node.Ip("addr", "add", $"{gateway4}/32", "dev", link);
        Node.Ip("addr", "add", $"{gateway6}/128", "dev", link, "nodad");
        Node.Ip("link", "set", link, "up");
        Node.Ip("route", "add", $"{address4}/32", "dev", link);
        Node.Ip("route", "add", $"{address6}/128", "dev", link);
        space.Ip("addr", "add", $"{address4}/32", "dev", "eth0");
        space.Ip("addr", "add", $"{address6}/128", "dev", "eth0", "nodad");
        space.Ip("link", "set", "eth0", "up");
        space.Ip("route", "add", $"{gateway4}/32", "dev", "eth0");
        space.Ip("route", "add", "default", "via", gateway4);
        space.Ip("route", "add", $"{gateway6}/128", "dev", "eth0");
        space.Ip("route", "add", "default", "via", gateway6);
    }
}

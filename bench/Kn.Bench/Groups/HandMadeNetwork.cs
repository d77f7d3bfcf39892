using System.Globalization;
using System.Net;

namespace Kn.Bench.Groups;

/// <summary>What a careful person would build with ip(8): two nodes on a bridge, a pod on each, plain routes or a plain VXLAN between.</summary>
internal sealed class HandMadeNetwork : IDisposable
{
    private const string Prefix = "benchhand";
    private static readonly string[] Spaces = ["net", "node1", "node2", "pod1", "pod2"];

    public HandMadeNetwork(bool isVxlan)
    {
        Dispose();
        foreach (var space in Spaces)
        {
            Ip($"netns add {Name(space)}");
            Ip($"-n {Name(space)} link set lo up");
        }

        Ip($"-n {Name("net")} link add switch0 type bridge");
        Ip($"-n {Name("net")} link set switch0 up");
        foreach (var number in (int[])[1, 2])
        {
            AddNode(number);
            if (isVxlan)
            {
                AddTunnel(number);
            }
            else
            {
                Ip($"-n {Name($"node{number}")} route add 10.99.{3 - number}.0/24 via 192.0.2.{3 - number}");
            }

            AddPod(number, isVxlan ? 1450 : 1500);
        }
    }

    /// <summary>The namespace of a pod.</summary>
    public static string Pod(int number) => Name($"pod{number}");

    public static string Address(int number) => $"10.99.{number}.5";

    public void Dispose()
    {
        foreach (var space in Spaces.Where(static space => File.Exists("/run/netns/" + Name(space))))
        {
            Ip($"netns del {Name(space)}");
        }
    }

    private static void AddNode(int number)
    {
        var node = Name($"node{number}");
        Ip($"-n {Name("net")} link add port{number} type veth peer name eth0 netns {node}");
        Ip($"-n {Name("net")} link set port{number} master switch0 up");
        Ip($"-n {node} link set eth0 up");
        Ip($"-n {node} addr add 192.0.2.{number}/24 dev eth0");
        Ip($"netns exec {node} sysctl -qw net.ipv4.ip_forward=1");
    }

    private static void AddTunnel(int number)
    {
        var (node, other) = (Name($"node{number}"), 3 - number);
        Ip($"-n {node} link add vx address 02:00:00:00:00:0{number} mtu 1450 type vxlan id 1 dstport 4789 local 192.0.2.{number} nolearning");
        Ip($"-n {node} link set vx up");
        Ip($"-n {node} addr add 10.99.{number}.0/32 dev vx");
        Ip($"-n {node} neigh add 10.99.{other}.0 lladdr 02:00:00:00:00:0{other} dev vx nud permanent");
        Ip($"-n {node} route add 10.99.{other}.0/24 via 10.99.{other}.0 dev vx onlink");
        Call("/sbin/bridge", $"-n {node} fdb add 02:00:00:00:00:0{other} dev vx dst 192.0.2.{other}");
    }

    private static void AddPod(int number, int mtu)
    {
        var (node, pod) = (Name($"node{number}"), Pod(number));
        Ip($"-n {node} link add pod mtu {mtu} type veth peer name eth0 mtu {mtu} netns {pod}");
        Ip($"-n {node} link set pod up");
        Ip($"-n {node} addr add 169.254.1.1/32 dev pod");
        Ip($"-n {node} route add {Address(number)}/32 dev pod");
        Ip($"-n {pod} link set eth0 up");
        Ip($"-n {pod} addr add {IPAddress.Parse(Address(number))}/32 dev eth0");
        Ip($"-n {pod} route add 169.254.1.1 dev eth0");
        Ip($"-n {pod} route add default via 169.254.1.1 dev eth0");
    }

    private static string Name(string space) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}-{space}");

    private static void Ip(string words) => Call("/sbin/ip", words);

    private static void Call(string path, string words)
    {
        var result = Spawn.Run(path, words.Split(' '), ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], []);
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException($"{path} {words}: exit {result.ExitCode}: {result.Output}");
        }
    }
}

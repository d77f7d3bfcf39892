using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.LoadBalancer.NetnsTests;

/// <summary>A bridge with nodes and a client on it: 192.0.2.0/24 and 2001:db8::/64. Nodes have .1, .2, …; the client .200.</summary>
internal sealed class Segment : IDisposable
{
    private readonly TestNamespace _switch = new("knlb-sw");
    private readonly List<TestNamespace> _attached = [];
    private readonly List<LbNode> _nodes = [];

    public Segment(int nodes)
    {
        _switch.Ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0");
        _switch.Ip("link", "set", "br0", "up");
        Client = Attach(200);
        Nodes = [.. Enumerable.Range(1, nodes).Select(number => Add(number))];
        // Link-local addresses are looked for among the neighbours first.
        Eventually.True(() => _attached.TrueForAll(static space => !space.Ip("-6", "addr", "show").Contains("tentative", StringComparison.Ordinal)), "all have their addresses");
        Cache.Watch(ResourceKinds.Nodes, ResourceKinds.Services, ResourceKinds.EndpointSlices, ResourceKinds.Namespaces);
        Cache.Replace(ResourceKinds.Nodes, Nodes.Select(static node => Node(node.Name, node.Number)));
        Cache.Replace(ResourceKinds.EndpointSlices, Enumerable.Empty<EndpointSlice>());
        Cache.Replace(ResourceKinds.Namespaces, Enumerable.Empty<Namespace>());
        Cache.Replace(ResourceKinds.Services, [Service("web", "192.0.2.50", "2001:db8::50")]);
    }

    public static LoadBalancerOptions Options { get; } = new()
    {
        Pools = [new PoolOptions { Name = "p", Addresses = [IpRange.Parse("192.0.2.50-192.0.2.99"), IpRange.Parse("2001:db8::50-2001:db8::99")] }],
    };

    public ClusterCache Cache { get; } = new();

    public TestNamespace Client { get; }

    public IReadOnlyList<LbNode> Nodes { get; }

    public static Service Service(string name, params string[] addresses) => new()
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = name, Uid = name },
        Type = "LoadBalancer",
        IpFamilies = [IpFamily.V4, IpFamily.V6],
        LoadBalancerIngress = addresses.Select(static address => new LoadBalancerIngress(IpAddress.Parse(address), false)).ToValueList(),
    };

    public static Node Node(string name, int number) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        InternalIps = [IpAddress.Parse($"192.0.2.{number}"), IpAddress.Parse($"2001:db8::{number}")],
        Ready = true,
    };

    /// <summary>A namespace on the segment, by its link eth0.</summary>
    public TestNamespace Attach(int number)
    {
        var space = new TestNamespace("knlb");
        _attached.Add(space);
        space.Ip("link", "add", "eth0", "type", "veth", "peer", "name", $"p{number}", "netns", _switch.Name);
        _switch.Ip("link", "set", $"p{number}", "master", "br0", "up");
        space.Ip("link", "set", "eth0", "up");
        space.Ip("addr", "add", $"192.0.2.{number}/24", "dev", "eth0");
        space.Ip("addr", "add", $"2001:db8::{number}/64", "dev", "eth0", "nodad");
        return space;
    }

    public void Unplug(int number) => _switch.Ip("link", "set", $"p{number}", "down");

    public void Plug(int number) => _switch.Ip("link", "set", $"p{number}", "up");

    /// <summary>The node that the client's kernel finds at an address; null for none.</summary>
    public LbNode? Found(string address)
    {
        Tool.Try("ip", ["netns", "exec", Client.Name, "ping", "-c", "1", "-W", "1", address]);
        var neighbour = Client.IpJson("neigh", "show", "to", address);
        var mac = neighbour.Count == 0 ? null : (string?)neighbour[0]!["lladdr"];
        return Nodes.FirstOrDefault(node => node.Mac == mac);
    }

    /// <summary>What the client's kernel has without asking.</summary>
    public LbNode? Known(string address)
    {
        var neighbour = Client.IpJson("neigh", "show", "to", address);
        var mac = neighbour.Count == 0 ? null : (string?)neighbour[0]!["lladdr"];
        return Nodes.FirstOrDefault(node => node.Mac == mac);
    }

    public void Dispose()
    {
        _nodes.ForEach(static node => node.StopAsync().GetAwaiter().GetResult());
        _nodes.ForEach(static node => node.Dispose());
        _attached.ForEach(static space => space.Dispose());
        _switch.Dispose();
    }

    private LbNode Add(int number)
    {
        var node = new LbNode(this, number);
        _nodes.Add(node);
        return node;
    }
}

using Kn.Lab.Kubelet;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Lab.Underlay;

/// <summary>The network under the lab: a namespace with a bridge a segment, which routes between them, and the hosts plugged into it.</summary>
internal sealed class UnderlayNetwork : IDisposable
{
    private readonly List<NetworkNamespace> _nodes = [];

    private UnderlayNetwork(NetworkNamespace router, NetworkNamespace outside)
    {
        Router = router;
        Outside = outside;
    }

    /// <summary>The namespace of bridges and router.</summary>
    public NetworkNamespace Router { get; }

    /// <summary>A host that is no node of the cluster.</summary>
    public NetworkNamespace Outside { get; }

    /// <summary>The nodes, in order.</summary>
    public IReadOnlyList<NetworkNamespace> Nodes => _nodes;

    /// <summary>Builds it. The names must be free; what a failure leaves is the caller's to sweep.</summary>
    public static UnderlayNetwork Create(LabNames names, UnderlayPlan plan)
    {
        var network = new UnderlayNetwork(NetworkNamespace.Create(names.Underlay), NetworkNamespace.Create(names.Outside));
        PrepareHost(network.Router);
        using var routes = RouteSocket.Open(network.Router);
        var bridges = Enumerable.Range(0, plan.SegmentCount).Select(segment => AddBridge(routes, segment)).ToList();
        PrepareHost(network.Outside);
        Plug(routes, bridges[0], "outside", network.Outside, UnderlayPlan.Outside, UnderlayPlan.Router(0));
        for (var number = 1; number <= plan.NodeCount; number++)
        {
            var node = NetworkNamespace.Create(names.Node(number));
            network._nodes.Add(node);
            PrepareHost(node);
            var segment = plan.SegmentOf(number);
            Plug(routes, bridges[segment], LabNames.NodeName(number), node, plan.Node(number), UnderlayPlan.Router(segment));
        }

        return network;
    }

    /// <summary>Closes the namespaces; their names stay until the lab is swept.</summary>
    public void Dispose()
    {
        Router.Dispose();
        Outside.Dispose();
        _nodes.ForEach(static node => node.Dispose());
    }

    private static int AddBridge(RouteSocket routes, int segment)
    {
        var name = $"segment{segment}";
        routes.CreateBridge(new BridgeLink { Name = name, Up = true, SpanningTree = false, MulticastSnooping = false });
        var index = IndexOf(routes, name);
        foreach (var address in UnderlayPlan.Router(segment))
        {
            AddAddress(routes, index, address);
        }

        return index;
    }

    private static void Plug(
        RouteSocket routes, int bridge, string port, NetworkNamespace host, IReadOnlyList<IpAddress> addresses, IReadOnlyList<IpAddress> gateways)
    {
        routes.CreateVeth(new VethLink
        {
            Name = port,
            Master = bridge,
            Up = true,
            Peer = new VethPeer { Name = "eth0", NetworkNamespace = host },
        });
        using var inside = RouteSocket.Open(host);
        var eth0 = IndexOf(inside, "eth0");
        inside.ChangeLink(eth0, new LinkChange { Up = true });
        foreach (var address in addresses)
        {
            AddAddress(inside, eth0, address);
        }

        foreach (var gateway in gateways)
        {
            inside.EnsureRoute(new Route { Destination = new IpPrefix(IpAddress.Any(gateway.Family), 0), Gateway = gateway, LinkIndex = eth0 });
        }
    }

    // Addresses are used at once: nothing in a namespace of ours can be a duplicate.
    private static void AddAddress(RouteSocket routes, int link, IpAddress address) => routes.EnsureAddress(link, new LinkAddress
    {
        Address = address,
        PrefixLength = UnderlayPlan.PrefixLength(address.Family),
        Flags = address.Family == IpFamily.V6 ? LinkAddressFlags.NoDuplicateDetection : LinkAddressFlags.None,
    });

    // A host that forwards, as every Kubernetes node does; router advertisements and duplicate detection would only cost time.
    private static void PrepareHost(NetworkNamespace host)
    {
        LoopbackLink.Up(host);
        host.Run(static () =>
        {
            foreach (var (key, value) in (ReadOnlySpan<(string, string)>)[
                ("net/ipv4/ip_forward", "1"), ("net/ipv6/conf/all/forwarding", "1"), ("net/ipv6/conf/default/forwarding", "1"),
                ("net/ipv6/conf/default/accept_ra", "0"), ("net/ipv6/conf/default/accept_dad", "0")])
            {
                File.WriteAllText("/proc/sys/" + key, value);
            }
        });
    }

    private static int IndexOf(RouteSocket routes, string name) =>
        routes.FindLink(name)?.Index ?? throw new InvalidOperationException($"link {name} vanished");
}

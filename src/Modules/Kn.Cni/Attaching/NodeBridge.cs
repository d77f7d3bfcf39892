using Kn.Cni.Ipam;
using Kn.Hosting;
using Kn.Linux;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>The bridge of local pods: made when the config asks for it or pods of an earlier config still need it. Thread-safe.</summary>
/// <remarks>Its addresses are the pods' gateways: the first of each podCIDR, or the next one where a pod that was attached without a bridge has
/// that. Pods without a bridge are answered for on it (proxy ARP and NDP), so that both kinds reach one another while there are both.</remarks>
internal sealed class NodeBridge
{
    private readonly Lock _lock = new();
    private readonly RouteSocket _host;
    private readonly PodLinks _links;
    private readonly AddressAllocator _allocator;
    private readonly CniOptions _options;
    private readonly Action _onNoNetfilter;
    private readonly HashSet<IpAddress> _proxied = [];
    private ValueList<IpPrefix> _podCidrs;
    private BridgePort? _port;
    private uint? _mtu;
    private bool _isTold;

    /// <summary>A bridge over these parts, which it does not own.</summary>
    /// <param name="host">The socket that the module changes links by.</param>
    /// <param name="links">For switches of the node's namespace.</param>
    /// <param name="allocator">Knows which addresses pods have.</param>
    /// <param name="options">The module's.</param>
    /// <param name="onNoNetfilter">Called once when the kernel does not show bridged packets to nftables.</param>
    public NodeBridge(RouteSocket host, PodLinks links, AddressAllocator allocator, CniOptions options, Action onNoNetfilter)
    {
        _host = host;
        _links = links;
        _allocator = allocator;
        _options = options;
        _onNoNetfilter = onNoNetfilter;
        Name = options.Bridge.Name;
    }

    /// <summary>The link's name. While pods of an earlier config are on a bridge of another name, it is that one.</summary>
    public string Name { get; private set; }

    /// <summary>Whether new pods are plugged in here.</summary>
    public bool IsForNewPods => _options.Attachment == AttachmentMode.Bridge;

    /// <summary>Whether there is a bridge to care for.</summary>
    public bool IsInUse { get; private set; }

    /// <summary>The bridge's index; 0 while there is none.</summary>
    public int Index => Volatile.Read(ref _port)?.BridgeIndex ?? 0;

    /// <summary>Begins after adoption: keeps the bridge of running pods, or removes one that nobody needs.</summary>
    /// <param name="running">Pods that run.</param>
    public void Begin(IReadOnlyCollection<Attachment> running)
    {
        lock (_lock)
        {
            var bridged = running.FirstOrDefault(static attachment => attachment.Bridge.Length > 0);
            Name = bridged?.Bridge ?? Name;
            IsInUse = IsForNewPods || bridged is not null;
            if (!IsInUse)
            {
                RemoveAll(_host);
                return;
            }

            _proxied.UnionWith(running.Where(static attachment => attachment.Bridge.Length == 0).SelectMany(static attachment => attachment.Addresses));
            Ensure();
        }
    }

    /// <summary>Serves these podCIDRs from now on; their gateways are on the bridge when this returns.</summary>
    /// <exception cref="LinuxException">The kernel refused a step.</exception>
    public void Use(ValueList<IpPrefix> podCidrs)
    {
        lock (_lock)
        {
            _podCidrs = podCidrs;
            if (IsInUse)
            {
                Ensure();
            }
        }
    }

    /// <summary>Gives the bridge pods' MTU.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void UseMtu(uint mtu)
    {
        lock (_lock)
        {
            _mtu = mtu;
            if (IsInUse)
            {
                Ensure();
            }
        }
    }

    /// <summary>Puts back whatever is missing of the bridge.</summary>
    /// <returns>What was done.</returns>
    /// <exception cref="LinuxException">The kernel refused a step.</exception>
    public IReadOnlyList<RouteChange> Repair()
    {
        lock (_lock)
        {
            return IsInUse ? Ensure() : [];
        }
    }

    /// <summary>Where pods are plugged in.</summary>
    public BridgePort Port => Volatile.Read(ref _port) ?? new BridgePort(Name, 0, "", default, Hairpin: true);

    /// <summary>Answers on the bridge for a pod that is not on it.</summary>
    public void AnswerFor(ValueList<IpAddress> addresses)
    {
        lock (_lock)
        {
            if (IsInUse)
            {
                _proxied.UnionWith(addresses);
                _host.Apply([.. addresses.Select(address => new EnsureNeighbour(Proxy(address, Index)))]);
            }
        }
    }

    /// <summary>Ends that.</summary>
    public void AnswerNoMore(ValueList<IpAddress> addresses)
    {
        lock (_lock)
        {
            if (IsInUse && addresses.Any(_proxied.Remove))
            {
                _proxied.ExceptWith(addresses);
                _host.Apply([.. addresses.Select(address => new RemoveNeighbour(Proxy(address, Index)))]);
            }
        }
    }

    /// <summary>What is wrong with the bridge, for CHECK.</summary>
    public IEnumerable<string> FindFaults() =>
        BridgeFaults.Find(_host, Name, Port.Subnets.SelectMany(static subnet => subnet.Gateway is { } gateway ? new[] { gateway } : []));

    /// <summary>Removes every bridge of pods.</summary>
    public static void RemoveAll(RouteSocket host) =>
        host.RemoveLinks(host.ReadLinks().Where(static link => link.Group == NodeResources.PodBridgeGroup).Select(static link => link.Index));

    /// <summary>What answers for an address on the bridge.</summary>
    internal static Neighbour Proxy(IpAddress address, int bridge) =>
        new() { Address = address, LinkIndex = bridge, Flags = NeighbourFlags.Proxy, State = NeighbourStates.None };

    private List<RouteChange> Ensure()
    {
        var bridge = _host.FindLink(Name) ?? Create();
        var held = _host.ReadAddresses(bridge.Index).Where(static address => !address.Address.IsLinkLocal).ToList();
        var gateways = BridgeGateways.Choose(_podCidrs, held, Port.Subnets, _allocator.Taken);
        var changes = new List<RouteChange>();
        if (!bridge.IsUp)
        {
            changes.Add(new ChangeLink(bridge.Index, new LinkChange { Up = true }));
        }

        if (_mtu is { } mtu && bridge.Mtu != mtu)
        {
            changes.Add(new ChangeLink(bridge.Index, new LinkChange { Mtu = mtu }));
        }

        changes.AddRange(gateways.Wanted.Where(gateway => !held.Any(address => address.Address == gateway.Gateway)).Select(gateway => new EnsureAddress(bridge.Index, BridgeGateways.AddressOf(gateway))));
        changes.AddRange(gateways.Unwanted.Select(address => new RemoveAddress(bridge.Index, address)));
        if (bridge.Index != Index)
        {
            changes.AddRange(_proxied.Select(address => new EnsureNeighbour(Proxy(address, bridge.Index))));
            SetSwitches();
        }

        _links.Apply(changes);
        Volatile.Write(ref _port, new BridgePort(Name, bridge.Index, bridge.Mac?.ToString() ?? "", gateways.Wanted, Hairpin: true));
        return changes;
    }

    private Link Create()
    {
        try
        {
            // A MAC address of its own: the kernel's would change with the ports, and with it what pods know of their gateway.
            _host.CreateBridge(new BridgeLink { Name = Name, Mac = PodLinkNames.BridgeMac(Name), Group = NodeResources.PodBridgeGroup, Up = true });
        }
        catch (LinuxException error) when (error.Errno == Errno.EEXIST)
        {
            // Made by somebody else meanwhile; it serves as well.
        }

        return _host.FindLink(Name) ?? throw new LinuxException($"find bridge {Name}", Errno.ENODEV);
    }

    private void SetSwitches()
    {
        var isFiltered = _links.OnNode(() => HostSysctls.WriteBridge(Name));
        if (!isFiltered && !_isTold)
        {
            _isTold = true;
            _onNoNetfilter();
        }
    }
}

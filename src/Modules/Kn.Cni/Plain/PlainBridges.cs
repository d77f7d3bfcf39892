using Kn.Cni.Attaching;
using Kn.Cni.Plain.HostLocal;
using Kn.Cni.Protocol;
using Kn.Hosting;
using Kn.Linux;
using Kn.Linux.Files;
using Kn.Linux.Routes;
using Kn.Linux.Sysctl;
using Kn.Primitives;

namespace Kn.Cni.Plain;

/// <summary>Bridges of networks without an agent: made when a container needs one, removed with the last port, unless somebody else made them.</summary>
internal sealed class PlainBridges(RouteSocket host)
{
    /// <summary>Held by whoever plugs a container in or takes an empty bridge away: no container may come to a bridge that goes.</summary>
    public const string LockFile = "/run/kn-plain.lock";

    /// <summary>Takes the lock; waits for it.</summary>
    /// <exception cref="LinuxException">The file cannot be made.</exception>
    public static FileLock Enter() => FileLock.Take(LockFile);

    /// <summary>The bridge, with the gateways' addresses if the network wants them on it.</summary>
    /// <exception cref="LinuxException">The kernel refused a step.</exception>
    /// <exception cref="CniException">Code 7: a link of that name is no bridge.</exception>
    public BridgePort Ensure(PlainNetwork network, ValueList<LocalAddress> addresses, uint mtu)
    {
        var bridge = host.FindLink(network.Bridge) ?? Create(network, addresses, mtu);
        if (bridge.Kind != "bridge")
        {
            throw new CniException(CniErrorCode.InvalidConfig, $"bridge: the link {network.Bridge} is no bridge");
        }

        var changes = new List<RouteChange>();
        if (!bridge.IsUp)
        {
            changes.Add(new ChangeLink(bridge.Index, new LinkChange { Up = true }));
        }

        if (network.IsGateway)
        {
            changes.AddRange(addresses.Select(address => new EnsureAddress(bridge.Index, Gateway(address))));
        }

        if (host.Apply(changes) is [var failure, ..])
        {
            throw failure.Error;
        }

        return Describe(network, bridge, addresses);
    }

    /// <summary>Where containers are plugged in.</summary>
    /// <param name="network">The network.</param>
    /// <param name="bridge">The bridge; null where it is missing.</param>
    /// <param name="addresses">The container's addresses.</param>
    public static BridgePort Describe(PlainNetwork network, Link? bridge, ValueList<LocalAddress> addresses)
    {
        // A bridge without an address of the host's may still have a gateway in it: somebody else's.
        var subnets = addresses.Select(static address => new PodSubnet(address.Subnet, address.Gateway)).ToValueList();
        return new BridgePort(network.Bridge, bridge?.Index ?? 0, bridge?.Mac?.ToString() ?? "", subnets, network.Hairpin);
    }

    /// <summary>What is wrong with the bridge.</summary>
    public IEnumerable<string> Check(PlainNetwork network, ValueList<LocalAddress> addresses) =>
        BridgeFaults.Find(host, network.Bridge, network.IsGateway ? addresses.Select(static address => address.Gateway) : []);

    /// <summary>Removes a bridge of ours without ports.</summary>
    public void RemoveIfUnused(int index)
    {
        using var turn = Enter();
        if (host.FindLink(index) is { Group: NodeResources.PlainBridgeGroup } && host.ReadLinks().All(link => link.Master != index))
        {
            host.RemoveLink(index);
        }
    }

    /// <summary>Removes every bridge of ours.</summary>
    public void RemoveAll() =>
        host.RemoveLinks(host.ReadLinks().Where(static link => link.Group == NodeResources.PlainBridgeGroup).Select(static link => link.Index));

    private Link Create(PlainNetwork network, ValueList<LocalAddress> addresses, uint mtu)
    {
        try
        {
            // A MAC address of its own: the kernel's would change with the ports, and with it what containers know of their gateway.
            host.CreateBridge(new BridgeLink
            {
                Name = network.Bridge,
                Mtu = mtu,
                Mac = PodLinkNames.PortMac(addresses[0].Gateway),
                Group = NodeResources.PlainBridgeGroup,
                Up = true,
            });
        }
        catch (LinuxException error) when (error.Errno == Errno.EEXIST)
        {
            // Another container of the network was quicker.
        }

        // A container must not be able to announce itself as the host's router.
        if (Sysctl.Read($"net/ipv6/conf/{network.Bridge}/accept_ra") is not (null or "0"))
        {
            Sysctl.Write($"net/ipv6/conf/{network.Bridge}/accept_ra", "0");
        }

        return host.FindLink(network.Bridge) ?? throw new LinuxException($"find bridge {network.Bridge}", Errno.ENODEV);
    }

    private static LinkAddress Gateway(LocalAddress address) => new()
    {
        Address = address.Gateway,
        PrefixLength = address.PrefixLength,
        Flags = address.Gateway.Family == IpFamily.V6 ? LinkAddressFlags.NoDuplicateDetection : LinkAddressFlags.None,
    };
}

using Kn.Cni.Protocol;
using Kn.Hosting;
using Kn.Linux;
using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;
using Kn.Linux.Routes;
using Kn.Linux.Sysctl;
using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>Makes and unmakes pods' links in the kernel. Synchronous; safe for use by many threads.</summary>
/// <remarks>An attachment is two batches on the node and one in the pod, beside the creation of the link: about ten system calls.</remarks>
public sealed class PodLinks(RouteSocket host) : IDisposable
{
    private readonly NetworkNamespace _node = NetworkNamespace.OpenCurrent();

    /// <summary>A module that was started in another namespace than the process's (a lab, a test) must go there for files of /proc/sys.</summary>
    private readonly bool _isProcessNamespace = IsProcessNamespace();

    /// <summary>The socket that changes are made by.</summary>
    public uint PortId => host.PortId;

    /// <summary>Opens the namespace of a container that is to be attached.</summary>
    /// <exception cref="CniException">Code 3: there is none. Code 4: it is the node's own, or not a network namespace.</exception>
    public NetworkNamespace OpenPod(string path)
    {
        NetworkNamespace? pod = null;
        try
        {
            pod = NetworkNamespace.Open(path);
            if (pod.Inode == _node.Inode)
            {
                throw new CniException(CniErrorCode.InvalidEnvironment, $"CNI_NETNS {path} is the node's own network namespace");
            }

            var opened = pod;
            pod = null;
            return opened;
        }
        catch (LinuxException error) when (error.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            throw new CniException(CniErrorCode.UnknownContainer, $"CNI_NETNS {path} does not exist", null, error);
        }
        catch (LinuxException error) when (error.Errno is Errno.EINVAL)
        {
            throw new CniException(CniErrorCode.InvalidEnvironment, $"CNI_NETNS {path} is not a network namespace", null, error);
        }
        catch (LinuxException error)
        {
            throw new CniException(CniErrorCode.InvalidEnvironment, $"CNI_NETNS {path} cannot be opened", error.Message, error);
        }
        finally
        {
            pod?.Dispose();
        }
    }

    /// <summary>Makes the veth.</summary>
    /// <returns>The index of the end on the node.</returns>
    /// <exception cref="NetlinkException">EEXIST: the pod has an interface of that name, or the node's end is still being removed.</exception>
    public int Create(AttachmentPlan plan, NetworkNamespace pod)
    {
        host.CreateVeth(plan.Link(pod));
        return host.FindLinkIndex(plan.HostLink)
            ?? throw new CniException(CniErrorCode.KernelRefused, $"the link {plan.HostLink} was removed while it was set up");
    }

    /// <summary>Configures the pod's end: loopback, addresses, neighbours, routes.</summary>
    /// <exception cref="LinuxException">The kernel refused a step.</exception>
    public static void ConfigurePod(AttachmentPlan plan, NetworkNamespace pod) => pod.Visit(() =>
    {
        using var inside = RouteSocket.Open();
        var link = inside.FindLinkIndex(plan.Attachment.Key.InterfaceName)
            ?? throw new CniException(CniErrorCode.KernelRefused, $"the interface {plan.Attachment.Key.InterfaceName} was removed while it was set up");
        var changes = plan.InPod(link);
        var failures = inside.Apply(changes);
        if (failures.Any(static failure => failure.Error.Errno == Errno.EACCES))
        {
            // The kernel's answer where IPv6 is switched off.
            EnableIPv6(plan.Attachment.Key.InterfaceName);
            failures = inside.Apply(changes);
        }

        ThrowFirst(failures);
    });

    /// <summary>Configures the node's end: neighbours, routes, sysctls.</summary>
    /// <exception cref="LinuxException">The kernel refused a step.</exception>
    public void ConfigureHost(AttachmentPlan plan, int linkIndex)
    {
        ThrowFirst(ApplyOnHost([.. plan.OnHost(linkIndex), .. plan.LimitOnHost(linkIndex, plan.Mtu)]));
        OnNode(() =>
        {
            HostSysctls.Write(plan);
            return true;
        });
        if (!plan.IsRouted)
        {
            AwaitPort(linkIndex);
        }
    }

    /// <summary>Waits until a port forwards. The kernel tells a bridge of a new port's carrier from a work queue, mostly within a millisecond; what
    /// the pod sends before that is lost. A port that takes longer comes later.</summary>
    private void AwaitPort(int linkIndex)
    {
        const int MostLooks = 400;
        var pause = TimeSpan.FromMilliseconds(5);
        for (var look = 0; look < MostLooks && host.FindLink(linkIndex) is { State: not LinkState.Up }; look++)
        {
            CancellationToken.None.WaitHandle.WaitOne(pause);
        }
    }

    /// <summary>Runs short code in the node's namespace.</summary>
    public T OnNode<T>(Func<T> body)
    {
        if (_isProcessNamespace)
        {
            return body();
        }

        T? result = default;
        _node.Visit(() => result = body());
        return result!;
    }

    /// <summary>Which of these pods lack something on the node that they should have. One read for all of them.</summary>
    /// <returns>Those whose link is there, with what is to be done.</returns>
    public IReadOnlyList<(AttachmentPlan Plan, IReadOnlyList<RouteChange> Repair)> FindIncomplete(IReadOnlyCollection<AttachmentPlan> plans)
    {
        var links = ReadHostLinks().ToDictionary(static link => link.Name, StringComparer.Ordinal);
        var routes = host.ReadRoutes(new RouteFilter(Table: RouteTable.Main, Protocol: NodeResources.RouteProtocol))
            .DistinctBy(static route => (route.Destination, route.LinkIndex))
            .ToDictionary(static route => (route.Destination, route.LinkIndex), static route => route.PreferredSource);
        var neighbours = host.ReadNeighbours().Where(static neighbour => neighbour.State == NeighbourStates.Permanent)
            .Select(static neighbour => (neighbour.Address, neighbour.LinkIndex, neighbour.Mac)).ToHashSet();
        var buckets = plans.Any(static plan => plan.Attachment.Bandwidth?.Ingress is not null)
            ? host.ReadQdiscs().Where(static qdisc => qdisc is { IsRoot: true, TokenBucket: not null }).ToDictionary(static qdisc => qdisc.LinkIndex, static qdisc => qdisc.TokenBucket)
            : [];
        var incomplete = new List<(AttachmentPlan, IReadOnlyList<RouteChange>)>();
        foreach (var plan in plans)
        {
            if (links.TryGetValue(plan.HostLink, out var link))
            {
                RouteChange[] repair = [.. plan.Repair(link, routes, neighbours), .. plan.LimitOnHost(link.Index, link.Mtu, buckets.GetValueOrDefault(link.Index))];
                if (repair.Length > 0)
                {
                    incomplete.Add((plan, repair));
                }
            }
        }

        return incomplete;
    }

    /// <summary>Makes these changes; a link that is gone meanwhile needs none.</summary>
    /// <exception cref="LinuxException">The kernel refused a step.</exception>
    public void Apply(IReadOnlyList<RouteChange> changes) =>
        ThrowFirst(ApplyOnHost(changes).Where(static failure => failure.Error.Errno != Errno.ENODEV));

    /// <summary>Takes a pod off the network: its routes are gone when this returns, its link is handed to the group of those that are
    /// to be removed.</summary>
    /// <param name="hostLink">The node's end.</param>
    /// <param name="addresses">The pod's addresses; empty when they are not known, then the kernel is asked for routes by the link.</param>
    /// <returns>Whether there was a link.</returns>
    public bool Unlink(string hostLink, ValueList<IpAddress> addresses)
    {
        if (host.FindLink(hostLink) is not { Index: var link } found)
        {
            return false;
        }

        var routes = addresses.IsEmpty
            ? host.ReadRoutes(new RouteFilter(Table: RouteTable.Main, Protocol: NodeResources.RouteProtocol, LinkIndex: link))
            : addresses.Select(address => AttachmentPlan.HostRoute(address, link));
        var changes = routes
            .Select(static RouteChange (route) => new RemoveRoute(route))
            .Concat(found.Master == 0 ? [] : NeighboursOf(found, addresses))
            .Append(new ChangeLink(link, new LinkChange { Group = NodeResources.DyingLinkGroup }));
        ThrowFirst(host.Apply([.. changes]).Where(static failure => failure.Error.Errno != Errno.ENODEV));
        return true;
    }

    /// <summary>Removes every link that was unlinked, in one go: the kernel then waits only once for all of them.</summary>
    public void RemoveUnlinked() => host.RemoveLinksOfGroup(NodeResources.DyingLinkGroup);

    /// <summary>Removes every pod's link, and routes to pods that outlived theirs.</summary>
    public void RemoveAll()
    {
        var changes = ReadHostLinks().Select(static RouteChange (link) => new ChangeLink(link.Index, new LinkChange { Group = NodeResources.DyingLinkGroup }));
        ThrowFirst(host.Apply([.. changes]).Where(static failure => failure.Error.Errno != Errno.ENODEV));
        RemoveUnlinked();
        var routes = host.ReadRoutes(new RouteFilter(Table: RouteTable.Main, Protocol: NodeResources.RouteProtocol)).Where(IsPodRoute);
        ThrowFirst(host.Apply([.. routes.Select(static RouteChange (route) => new RemoveRoute(route))]));
    }

    /// <summary>Whether a route with Kn's protocol number leads to a local pod. Those of the module Routes have a gateway or no link at all.</summary>
    internal static bool IsPodRoute(Route route) => route is { Gateway: null, Type: RouteType.Unicast };

    /// <summary>The node's ends of pods' links that are there now.</summary>
    public IReadOnlyList<Link> ReadHostLinks() =>
        [.. host.ReadLinks().Where(static link => link.Group == NodeResources.PodLinkGroup && PodLinkNames.IsHostLink(link.Name))];

    /// <summary>The node's ends of pods' links, each with the addresses that are routed to it, or that its port of the bridge is known to have.</summary>
    public IReadOnlyDictionary<string, ValueList<IpAddress>> ReadHostEnds()
    {
        var links = ReadHostLinks();
        var addresses = host.ReadRoutes(new RouteFilter(Table: RouteTable.Main, Protocol: NodeResources.RouteProtocol))
            .Where(static route => IsPodRoute(route) && route.Destination.Length == route.Destination.Address.BitCount)
            .Select(static route => (Link: route.LinkIndex, route.Destination.Address))
            .Concat(links.Any(static link => link.Master != 0) ? ReadPorts() : [])
            .ToLookup(static end => end.Link, static end => end.Address);
        return links.ToDictionary(static link => link.Name, link => addresses[link.Index].Distinct().Order().ToValueList(), StringComparer.Ordinal);
    }

    private IEnumerable<RouteChange> NeighboursOf(Link port, ValueList<IpAddress> addresses) =>
        (addresses.IsEmpty ? ReadPorts().Where(end => end.Link == port.Index).Select(static end => end.Address) : addresses.AsEnumerable())
        .Select(address => new RemoveNeighbour(new Neighbour { Address = address, LinkIndex = port.Master }));

    /// <summary>What ports of bridges have: the bridge knows the hardware address of each pod's addresses, and the port of each hardware address.</summary>
    private IEnumerable<(int Link, IpAddress Address)> ReadPorts()
    {
        var ports = host.ReadFdb().Where(static entry => entry.Master != 0 && entry.State == NeighbourStates.NoArp)
            .ToLookup(static entry => (entry.Master, entry.Mac), static entry => entry.LinkIndex);
        return host.ReadNeighbours().SelectMany(neighbour => neighbour is { State: NeighbourStates.Permanent, Mac: { } mac }
            ? ports[(neighbour.LinkIndex, mac)].Select(port => (port, neighbour.Address))
            : []);
    }

    /// <summary>Routes of ours to single addresses of these prefixes, and the pod link that each leads to; null for another link.</summary>
    public IReadOnlyList<(Route Route, string? Link)> ReadPodRoutes(ValueList<IpPrefix> prefixes)
    {
        var links = host.ReadLinks().Where(static link => link.Group is NodeResources.PodLinkGroup or NodeResources.DyingLinkGroup)
            .ToDictionary(static link => link.Index, static link => link.Name);
        return [.. host.ReadRoutes(new RouteFilter(Table: RouteTable.Main, Protocol: NodeResources.RouteProtocol))
            .Where(route => IsPodRoute(route) && route.Destination.Length == route.Destination.Address.BitCount && prefixes.Any(prefix => prefix.Contains(route.Destination)))
            .Select(route => (route, links.GetValueOrDefault(route.LinkIndex)))];
    }

    /// <summary>The node's own addresses within these prefixes, such as that of a bridge which another network plugin left: no pod can have them.</summary>
    public ValueList<IpAddress> ReadNodeAddresses(ValueList<IpPrefix> prefixes) =>
        host.ReadAddresses().Select(static address => address.Address).Where(address => prefixes.Any(prefix => prefix.Contains(address))).Distinct().Order().ToValueList();

    /// <summary>The node's end of a pod's link.</summary>
    public PodState ReadHostEnd(string hostLink) => PodState.Read(host, hostLink);

    /// <summary>The MTU for pods.</summary>
    /// <param name="encapsulation">What the way to other nodes' pods costs every packet.</param>
    public uint ReadPodMtu(uint encapsulation) =>
        UnderlayMtu.LessEncapsulation(host.ReadLinks(), host.ReadRoutes(new RouteFilter(Table: RouteTable.Main)), encapsulation);

    /// <summary>The MTU for containers of networks without an agent.</summary>
    public uint ReadUnderlayMtu() => UnderlayMtu.Of(host.ReadLinks(), host.ReadRoutes(new RouteFilter(Table: RouteTable.Main)));

    /// <inheritdoc/>
    public void Dispose()
    {
        host.Dispose();
        _node.Dispose();
    }

    /// <summary>Runtimes that know nothing of IPv6 switch it off in new namespaces. As the reference plugins do, a pod that gets an
    /// IPv6 address gets IPv6 as well.</summary>
    private static void EnableIPv6(string interfaceName)
    {
        foreach (var name in (ReadOnlySpan<string>)["lo", interfaceName])
        {
            var key = $"net/ipv6/conf/{name}/disable_ipv6";
            if (Sysctl.Read(key) is "1")
            {
                Sysctl.Write(key, "0");
            }
        }
    }

    /// <summary>An address that has left the node just now is refused as a route's source: the pod gets its route without one, and the source by
    /// the next repair.</summary>
    private IReadOnlyList<RouteFailure> ApplyOnHost(IReadOnlyList<RouteChange> changes)
    {
        var failures = host.Apply(changes);
        return failures.Any(static failure => failure.Error.Errno == Errno.EINVAL)
            ? host.Apply([.. changes.Select(static change => change is EnsureRoute { Route.PreferredSource: not null } ensure ? new EnsureRoute(ensure.Route with { PreferredSource = null }) : change)])
            : failures;
    }

    private static bool IsProcessNamespace()
    {
        using var current = NetworkNamespace.OpenCurrent();
        using var process = NetworkNamespace.Open("/proc/self/ns/net");
        return current.Inode == process.Inode;
    }

    private static void ThrowFirst(IEnumerable<RouteFailure> failures)
    {
        if (failures.FirstOrDefault() is { } failure)
        {
            throw failure.Error;
        }
    }
}

using Kn.Hosting;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy;

/// <summary>A route <c>SERVICECIDR dev lo</c> for each prefix of ClusterIPs, so that the node's own processes reach ClusterIPs without a
/// default route: the kernel looks for a route before the proxy's output hook sees the packet.</summary>
/// <remarks>Packets from elsewhere are translated before they are routed and never take it; to an unassigned address it leads
/// nowhere, as the proxy drops those first. The source address is this node's InternalIP of the family.</remarks>
internal sealed class ServiceRoutes(RouteSocket socket, ProxyNode node, int loopbackIndex) : ITarget<IpPrefix, ServiceRoute>
{
    /// <inheritdoc/>
    public string Name => "serviceRoutes";

    /// <inheritdoc/>
    public IEnumerable<IpPrefix> Keys(ClusterSnapshot cluster) => ServiceProxyPlan.PlanNode(cluster, node).ServiceCidrs;

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<IpPrefix> keys)
    {
        if (change.Object is Node other && string.Equals(other.Metadata.Name, node.Name, StringComparison.Ordinal))
        {
            keys.UnionWith(Keys(cluster));
        }
        else if (change.Object is ServiceCidr)
        {
            keys.UnionWith((change.Before as ServiceCidr)?.Cidrs ?? default);
            keys.UnionWith(Keys(cluster));
        }
    }

    /// <inheritdoc/>
    public ServiceRoute? Plan(ClusterSnapshot cluster, IpPrefix key, Problems problems)
    {
        if (!node.Options.ServiceRoutes || !Keys(cluster).Contains(key))
        {
            return null;
        }

        foreach (var address in cluster.Nodes.Find(node.Name)?.InternalIps ?? default)
        {
            if (address.Family == key.Family)
            {
                return new ServiceRoute(address);
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public Task<ValueMap<IpPrefix, ServiceRoute>> ReadAsync(CancellationToken cancellationToken) =>
        Task.FromResult(Ours().Select(static route => KeyValuePair.Create(route.Destination, new ServiceRoute(route.PreferredSource))).ToValueMap());

    /// <inheritdoc/>
    public Task ApplyAsync(Changes<IpPrefix, ServiceRoute> changes, CancellationToken cancellationToken)
    {
        foreach (var (prefix, before, after) in changes.All)
        {
            if (after is not null)
            {
                Ensure(ToRoute(prefix, after));
            }
            else if (before is not null)
            {
                socket.RemoveRoute(ToRoute(prefix, before));
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (var route in Ours())
        {
            socket.RemoveRoute(route);
        }

        return Task.CompletedTask;
    }

    /// <summary>A node behind NAT has an InternalIP that is on none of its links, which the kernel refuses as a source: there it may choose.</summary>
    private void Ensure(Route route)
    {
        try
        {
            socket.EnsureRoute(route);
        }
        catch (LinuxException error) when (error.Errno == Errno.EINVAL && route.PreferredSource is not null)
        {
            socket.EnsureRoute(route with { PreferredSource = null });
        }
    }

    private IEnumerable<Route> Ours() =>
        socket.ReadRoutes(new RouteFilter(Table: RouteTable.Main, Protocol: NodeResources.RouteProtocol, LinkIndex: loopbackIndex))
            .Where(static route => route is { Type: RouteType.Unicast, Gateway: null });

    private Route ToRoute(IpPrefix prefix, ServiceRoute route) => new()
    {
        Destination = prefix,
        LinkIndex = loopbackIndex,
        PreferredSource = route.Source,
        Protocol = NodeResources.RouteProtocol,
        Scope = RouteScope.Link,
    };
}

/// <summary>A route to a prefix of ClusterIPs.</summary>
/// <param name="Source">The address that the node's own processes send from.</param>
internal sealed record ServiceRoute(IpAddress? Source);

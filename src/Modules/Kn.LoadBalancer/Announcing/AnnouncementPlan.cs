using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.LoadBalancer.Allocating;
using Kn.Primitives;

namespace Kn.LoadBalancer.Announcing;

/// <summary>Which nodes may announce which address. Pure: every node that has the same cluster before it comes to the same lists.</summary>
internal static class AnnouncementPlan
{
    /// <summary>The label that keeps a node from announcing (well-known labels of Kubernetes).</summary>
    public const string ExcludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

    /// <summary>Nodes that follow one another for one address. Each hears of the others, so heartbeats grow with this and not with the cluster;
    /// that all of them die within the API server's 40 s is another kind of day.</summary>
    public const int CandidatesPerAddress = 5;

    /// <summary>The addresses that Kn announces: those of its Services' status that are in its pools.</summary>
    public static IReadOnlyDictionary<IpAddress, AnnouncedAddress> Plan(ClusterSnapshot cluster, IReadOnlyList<AddressPool> pools, LoadBalancerOptions options)
    {
        var eligible = EligibleNodes(cluster, options);
        var byPool = pools.ToDictionary(static pool => pool.Name, pool => eligible.Where(pool.AllowsNode).Select(static node => node.Metadata.Name).ToArray(), StringComparer.Ordinal);
        var services = new Dictionary<IpAddress, List<Service>>();
        foreach (var service in cluster.Services.Where(service => AllocationPlan.IsOurs(service, options)))
        {
            foreach (var entry in service.LoadBalancerIngress)
            {
                if (!services.TryGetValue(entry.Ip, out var list))
                {
                    services.Add(entry.Ip, list = []);
                }

                list.Add(service);
            }
        }

        var planned = new Dictionary<IpAddress, AnnouncedAddress>(services.Count);
        foreach (var (address, tenants) in services)
        {
            if (pools.FirstOrDefault(pool => pool.Contains(address)) is { } pool)
            {
                planned.Add(address, Of(cluster, address, pool, tenants, byPool[pool.Name]));
            }
        }

        return planned;
    }

    private static AnnouncedAddress Of(ClusterSnapshot cluster, IpAddress address, AddressPool pool, List<Service> tenants, IReadOnlyList<string> nodes)
    {
        var local = tenants.Where(static service => service.ExternalTrafficPolicyLocal).ToList();
        if (local.Count > 0 && pool.IsByArp)
        {
            List<HashSet<string>> ready = [.. local.Select(service => NodesWithEndpoints(cluster, service.Key, address.Family))];
            nodes = [.. nodes.Where(node => ready.All(set => set.Contains(node)))];
        }

        return new AnnouncedAddress(
            address,
            pool,
            tenants.Select(static service => service.Key).OrderBy(static key => key.ToString(), StringComparer.Ordinal).ToValueList(),
            local.Count > 0,
            pool.IsByArp ? Rendezvous.Top(address, nodes, CandidatesPerAddress).ToValueList() : default);
    }

    /// <summary>Where no node is Ready, it is the control plane that does not hear of them: readiness says nothing then.</summary>
    private static List<Node> EligibleNodes(ClusterSnapshot cluster, LoadBalancerOptions options)
    {
        List<Node> nodes = [.. cluster.Nodes.Where(node => options.UseExcludedNodes || !node.Metadata.Labels.ContainsKey(ExcludeLabel))];
        List<Node> ready = [.. nodes.Where(static node => node.Ready && node.Metadata.DeletionTimestamp is null)];
        return ready.Count > 0 ? ready : nodes;
    }

    private static HashSet<string> NodesWithEndpoints(ClusterSnapshot cluster, ObjectKey service, IpFamily family)
    {
        var nodes = new HashSet<string>(StringComparer.Ordinal);
        foreach (var slice in cluster.SlicesOf(service))
        {
            foreach (var endpoint in slice.Endpoints)
            {
                if (slice.Family == family && endpoint is { Ready: true, NodeName: { } node })
                {
                    nodes.Add(node);
                }
            }
        }

        return nodes;
    }

    /// <summary>The nodes that this one shares an address with: it writes to them, and listens for them.</summary>
    public static IReadOnlySet<string> Peers(IEnumerable<AnnouncedAddress> addresses, string self)
    {
        var peers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var address in addresses.Where(address => address.Candidates.Contains(self)))
        {
            foreach (var candidate in address.Candidates)
            {
                peers.Add(candidate);
            }
        }

        peers.Remove(self);
        return peers;
    }
}

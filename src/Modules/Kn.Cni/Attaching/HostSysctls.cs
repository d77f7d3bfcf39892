using Kn.Linux.Sysctl;

namespace Kn.Cni.Attaching;

/// <summary>The kernel switches that the pod network needs on the node.</summary>
public static class HostSysctls
{
    /// <summary>Switches of the link that routes to a pod.</summary>
    /// <remarks>rp_filter 1: a pod's packets must have a source that is routed to its own link, so no pod can borrow another's address
    /// (for IPv6, which has no such switch: <see cref="Table.SourceRules"/>).
    /// accept_ra 0: a pod must not be able to announce itself as the node's router. A bridge gets both when it is made, if it is ours.
    /// route_localnet 1, where processes of the node reach the pod from 127.0.0.1 by a published port: the kernel then lets the pod
    /// send to 127.0.0.0/8 too, which the table's chain <c>loopback</c> forbids (<see cref="PortMaps.PortMapRules"/>).</remarks>
    public static void Write(AttachmentPlan plan)
    {
        if (plan.IsRouted)
        {
            Set($"net/ipv4/conf/{plan.RoutingLink}/rp_filter", "1");
        }

        if (plan.TakesFromLoopback)
        {
            Set($"net/ipv4/conf/{plan.RoutingLink}/route_localnet", "1");
        }

        if (plan.IsRouted)
        {
            Set($"net/ipv6/conf/{plan.RoutingLink}/accept_ra", "0");
        }
    }

    /// <summary>Switches of the bridge of local pods.</summary>
    /// <remarks>bridge-nf-call-*: what goes from port to port passes nftables as well, so that the answer of a Service's endpoint to a pod on the
    /// same bridge is translated back (and policies see it). proxy_ndp and proxy_delay: the bridge answers for pods that are not on it, at
    /// once. Documentation/networking/ip-sysctl.rst.</remarks>
    /// <returns>False where the kernel has no br_netfilter.</returns>
    public static bool WriteBridge(string bridge)
    {
        Set($"net/ipv4/conf/{bridge}/rp_filter", "1");
        Set($"net/ipv6/conf/{bridge}/accept_ra", "0");
        Set($"net/ipv6/conf/{bridge}/proxy_ndp", "1");
        Set($"net/ipv4/neigh/{bridge}/proxy_delay", "0");
        Set($"net/ipv6/neigh/{bridge}/proxy_delay", "0");
        if (Sysctl.Read("net/bridge/bridge-nf-call-iptables") is null)
        {
            return false;
        }

        Set("net/bridge/bridge-nf-call-iptables", "1");
        Set("net/bridge/bridge-nf-call-ip6tables", "1");
        return true;
    }

    private static void Set(string key, string value)
    {
        // Absent where the kernel has no IPv6.
        if (Sysctl.Read(key) is { } current && current != value)
        {
            Sysctl.Write(key, value);
        }
    }
}

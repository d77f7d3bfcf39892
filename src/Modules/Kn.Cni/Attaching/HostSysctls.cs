using Kn.Linux.Sysctl;

namespace Kn.Cni.Attaching;

/// <summary>The kernel switches that the pod network needs on the node.</summary>
public static class HostSysctls
{
    /// <summary>Switches of the node's end of a pod's link.</summary>
    /// <remarks>rp_filter 1: a pod's packets must have a source that is routed to its own link, so no pod can borrow another's address.
    /// accept_ra 0: a pod must not be able to announce itself as the node's router.</remarks>
    /// <param name="link">Its name.</param>
    /// <param name="takesFromLoopback">Whether processes of the node reach the pod from 127.0.0.1, by a hostPort. The kernel then lets the pod
    /// send to 127.0.0.0/8 too, which the table's chain <c>loopback</c> forbids (<see cref="PortMaps.PortMapRules"/>).</param>
    public static void Write(string link, bool takesFromLoopback)
    {
        Set($"net/ipv4/conf/{link}/rp_filter", "1");
        if (takesFromLoopback)
        {
            Set($"net/ipv4/conf/{link}/route_localnet", "1");
        }

        Set($"net/ipv6/conf/{link}/accept_ra", "0");
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

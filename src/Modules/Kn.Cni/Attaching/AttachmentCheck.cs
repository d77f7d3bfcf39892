using Kn.Cni.Bandwidth;
using Kn.Cni.Protocol;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>Compares an attachment with the kernel, for CHECK. Pure: it is given what was read.</summary>
/// <remarks>CNI specification 1.1.0, "CHECK": what prevResult says of our interface must hold, and later plugins may have changed and
/// added to it; so the MAC address and the MTU are compared with prevResult, not with what ADD chose.</remarks>
public static class AttachmentCheck
{
    /// <summary>What is wrong inside the pod.</summary>
    /// <param name="plan">What we made.</param>
    /// <param name="expected">prevResult.</param>
    /// <param name="namespacePath">CNI_NETNS.</param>
    /// <param name="pod">What is there.</param>
    /// <param name="followed">The MTU that the pod may have got after its ADD, as the underlay's changed; null when it keeps its own.</param>
    public static IEnumerable<string> InPod(AttachmentPlan plan, CniResult expected, string namespacePath, PodState pod, uint? followed = null)
    {
        var name = plan.Attachment.Key.InterfaceName;
        if (pod.Link is not { } link)
        {
            yield return $"the interface {name} is missing";
            yield break;
        }

        if (!link.IsUp)
        {
            yield return $"the interface {name} is down";
        }

        if (!Shaping.IsInPlace(plan.Attachment.Bandwidth?.Egress, link.Mtu, pod.Bucket))
        {
            yield return $"the limit of what the interface {name} sends is missing";
        }

        foreach (var fault in CheckResult(name, expected, namespacePath, (link, followed), pod.Addresses).Concat(CheckOwn(plan, pod, link.Index)))
        {
            yield return fault;
        }
    }

    /// <summary>What is wrong on the node.</summary>
    public static IEnumerable<string> OnHost(AttachmentPlan plan, PodState host)
    {
        if (host.Link is not { } link)
        {
            yield return $"the node's link {plan.HostLink} is missing";
            yield break;
        }

        if (!link.IsUp)
        {
            yield return $"the node's link {plan.HostLink} is down";
        }

        if (!Shaping.IsInPlace(plan.Attachment.Bandwidth?.Ingress, link.Mtu, host.Bucket))
        {
            yield return $"the limit of what the interface {plan.Attachment.Key.InterfaceName} receives is missing on the node's link {plan.HostLink}";
        }

        foreach (var fault in plan.FindHostFaults(link, host))
        {
            yield return fault;
        }
    }

    private static IEnumerable<string> CheckResult(string name, CniResult expected, string namespacePath, (Link Link, uint? FollowedMtu) pod, IReadOnlyList<LinkAddress> addresses)
    {
        var link = pod.Link;
        var index = IndexOf(expected.Interfaces, name, namespacePath);
        if (index < 0)
        {
            yield return $"prevResult has no interface {name} in {namespacePath}";
            yield break;
        }

        var told = expected.Interfaces[index];
        if (told.Mac.Length > 0 && !string.Equals(told.Mac, link.Mac?.ToString(), StringComparison.OrdinalIgnoreCase))
        {
            yield return $"the interface {name} has MAC address {link.Mac}, not {told.Mac}";
        }

        if (told.Mtu is { } mtu && mtu != link.Mtu && link.Mtu != pod.FollowedMtu)
        {
            yield return $"the interface {name} has MTU {link.Mtu}, not {mtu}";
        }

        foreach (var ip in expected.Addresses.Where(ip => ip.Interface == index))
        {
            if (!addresses.Any(address => address.Address == ip.Address))
            {
                yield return $"the address {ip.Address} of interface {name} is missing";
            }
        }
    }

    private static IEnumerable<string> CheckOwn(AttachmentPlan plan, PodState pod, int linkIndex)
    {
        foreach (var address in plan.Attachment.Addresses.AsEnumerable())
        {
            if (!pod.Addresses.Any(held => held.Address == address))
            {
                yield return $"the pod's address {address} is missing";
            }

            if (plan.IsRouted && AttachmentPlan.GatewayOf(address.Family) is var gateway && !pod.HasNeighbour(gateway))
            {
                yield return $"the pod's neighbour entry of {gateway} is missing";
            }
        }

        foreach (var route in plan.Routes.Select(route => plan.RouteInPod(route, linkIndex)))
        {
            if (!pod.Routes.Any(held => held.Destination == route.Destination && held.Gateway == route.Gateway && held.LinkIndex == linkIndex))
            {
                yield return route.Destination.Length == 0
                    ? $"the pod's default route via {route.Gateway} is missing"
                    : $"the pod's route to {route.Destination} is missing";
            }
        }
    }

    private static int IndexOf(ValueList<CniInterface> interfaces, string name, string namespacePath)
    {
        for (var index = 0; index < interfaces.Count; index++)
        {
            if (interfaces[index].Name == name && interfaces[index].Sandbox == namespacePath)
            {
                return index;
            }
        }

        return -1;
    }
}

/// <summary>One end of a pod's link as the kernel has it.</summary>
/// <param name="Link">Null when it is not there.</param>
/// <param name="Addresses">Its addresses.</param>
/// <param name="Routes">Routes by it.</param>
/// <param name="Neighbours">Neighbours on it.</param>
public sealed record PodState(Link? Link, IReadOnlyList<LinkAddress> Addresses, IReadOnlyList<Route> Routes, IReadOnlyList<Neighbour> Neighbours)
{
    /// <summary>The limit of what leaves by it, if there is one.</summary>
    public TokenBucket? Bucket { get; init; }

    /// <summary>Whether the address's neighbour entry is one that stays, and has this hardware address where one is given.</summary>
    public bool HasNeighbour(IpAddress address, MacAddress? mac = null) =>
        Neighbours.Any(neighbour => neighbour.Address == address && (neighbour.State & NeighbourStates.Permanent) != 0 && (mac is null || neighbour.Mac == mac));

    /// <summary>Reads the end of that name.</summary>
    public static PodState Read(RouteSocket socket, string name)
    {
        if (socket.FindLink(name) is not { } link)
        {
            return new PodState(null, [], [], []);
        }

        return new PodState(
            link,
            socket.ReadAddresses(link.Index),
            socket.ReadRoutes(new RouteFilter(Table: RouteTable.Main, LinkIndex: link.Index)),
            socket.ReadNeighbours(new NeighbourFilter(LinkIndex: link.Index)))
        {
            Bucket = socket.ReadQdiscs(link.Index).FirstOrDefault(static qdisc => qdisc.IsRoot)?.TokenBucket,
        };
    }
}

using Kn.Cni.Attaching;
using Kn.Cni.Ipam;
using Kn.Cni.Plain.HostLocal;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Plain;

/// <summary>What the kernel is told to attach a container of a network without an agent. Pure.</summary>
internal static class PlainPlans
{
    /// <summary>The plan.</summary>
    /// <param name="network">The network.</param>
    /// <param name="attachment">The attachment.</param>
    /// <param name="addresses">Its addresses with their subnets.</param>
    /// <param name="port">Where it is plugged in; null for a routed network.</param>
    /// <param name="mtu">MTU of both ends.</param>
    /// <exception cref="CniException">Code 2: a route that only a bridge can have.</exception>
    public static AttachmentPlan Of(PlainNetwork network, Attachment attachment, ValueList<LocalAddress> addresses, BridgePort? port, uint mtu)
    {
        var routes = addresses.Select(static address => address.Address.Family).Distinct().SelectMany(network.RoutesOf).ToValueList();
        return port is null
            ? new AttachmentPlan(attachment, mtu, LinkOwner.Plain) { Alias = AliasOf(network.Name, attachment.Key), Routes = Routed(routes, addresses) }
            : new BridgedPlan(attachment, mtu, LinkOwner.Plain, port) { Alias = AliasOf(network.Name, attachment.Key), Routes = routes };
    }

    /// <summary>What stands on the host's end: network and container.</summary>
    public static string AliasOf(string network, AttachmentKey key)
    {
        var alias = PrefixOf(network) + key.ContainerId;
        return alias.Length <= PodLinkNames.MaxAliasBytes ? alias : alias[..PodLinkNames.MaxAliasBytes];
    }

    /// <summary>What the host's ends of a network begin with.</summary>
    public static string PrefixOf(string network) => network + "/";

    /// <summary>Without a bridge all goes by the host: the subnets too, where no default route leads there.</summary>
    private static ValueList<CniRoute> Routed(ValueList<CniRoute> routes, ValueList<LocalAddress> addresses)
    {
        if (routes.FirstOrDefault(route => route.Gateway is { } gateway && addresses.All(address => address.Gateway != gateway)) is { } odd)
        {
            throw new CniException(
                CniErrorCode.UnsupportedField,
                $"ipam.routes: the gateway {odd.Gateway} of {odd.Destination} is on no link of a container with attachment 'routed'",
                "leave gw out, or use attachment 'bridge'");
        }

        var subnets = addresses.Select(static address => address.Subnet).Distinct()
            .Where(subnet => !routes.Any(route => route.Destination.Contains(subnet)))
            .Select(static subnet => new CniRoute(subnet));
        return routes.Select(static route => route with { Gateway = null }).Concat(subnets).ToValueList();
    }
}

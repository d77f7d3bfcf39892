using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Objects;
using Kn.Linux.Conntrack;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy;

/// <summary>Which UDP flows lead to endpoints that are gone. Pure.</summary>
/// <remarks>A UDP client that keeps its port keeps its conntrack entry alive, and with it the translation to an endpoint that no longer
/// exists. TCP needs nothing: its connections end by themselves, and terminating endpoints finish theirs.</remarks>
internal static class StaleFlows
{
    /// <summary>A filter for each VIP and endpoint that a change parted.</summary>
    public static IReadOnlyList<ConntrackFilter> Of(Changes<ProxyKey, ProxyPiece> changes)
    {
        var filters = new List<ConntrackFilter>();
        foreach (var change in changes.All)
        {
            if (change.Key is { Kind: ProxyKeyKind.ServicePort, Protocol: IpProtocol.Udp } && change.Before is ServicePortPiece before)
            {
                var after = change.After as ServicePortPiece;
                Add(filters, before.V4, after?.V4);
                Add(filters, before.V6, after?.V6);
            }
        }

        return filters;
    }

    private static void Add(List<ConntrackFilter> filters, FamilyPiece? before, FamilyPiece? after)
    {
        if (before is null)
        {
            return;
        }

        var kept = Endpoints(after);
        foreach (var endpoint in Endpoints(before))
        {
            if (kept.Contains(endpoint))
            {
                continue;
            }

            foreach (var vip in before.Vips)
            {
                filters.Add(Flows(vip.Vip, endpoint));
            }
        }
    }

    private static HashSet<EndpointAddress> Endpoints(FamilyPiece? family) =>
        [.. family?.Cluster?.Endpoints ?? default, .. family?.Local?.Endpoints ?? default];

    private static ConntrackFilter Flows(Vip vip, EndpointAddress endpoint) => new()
    {
        Family = vip.Address.Family,
        Protocol = (byte)vip.Protocol,
        OriginalDestination = IpPrefix.Of(vip.Address),
        OriginalDestinationPort = vip.Port,
        ReplySource = IpPrefix.Of(endpoint.Address),
        ReplySourcePort = endpoint.Port,
    };
}

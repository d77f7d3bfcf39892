using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Planning;

/// <summary>Which endpoints a Service's requests go to. Pure.</summary>
/// <remarks>Straight from EndpointSlices: the ready ones; where there are none, those that still serve while they terminate (KEP-1669). The Service's
/// first family comes first: an endpoint of two families is one program, not two.</remarks>
internal static class ServicePlan
{
    /// <summary>The Service's endpoints; null when there is no such Service. Those of a name outside are found out later.</summary>
    public static ServicePiece? Plan(ClusterSnapshot cluster, ObjectKey key)
    {
        if (cluster.Services.Find(key) is not { } service)
        {
            return null;
        }

        if (service.Type == "ExternalName")
        {
            return service.ExternalName is not { Length: > 0 } name ? null
                : new ServicePiece(service.Ports.Select(static port => new PortPiece(port.Port, port.Name, default)).ToValueList()) { ExternalName = name.ToLowerInvariant() };
        }

        var slices = cluster.SlicesOf(key);
        var ports = new List<PortPiece>();
        foreach (var port in service.Ports)
        {
            if (port.Protocol == IpProtocol.Tcp)
            {
                ports.Add(new PortPiece(port.Port, port.Name, EndpointsOf(service, slices, port.Name)));
            }
        }

        return new ServicePiece(ports.ToValueList());
    }

    private static ValueList<EndpointAddress> EndpointsOf(Service service, ValueList<EndpointSlice> slices, string portName)
    {
        var first = service.IpFamilies.IsEmpty ? IpFamily.V4 : service.IpFamilies[0];
        var second = first == IpFamily.V4 ? IpFamily.V6 : IpFamily.V4;
        foreach (var isUsable in (Func<Endpoint, bool>[])[static endpoint => endpoint.Ready, static endpoint => endpoint is { Serving: true, Terminating: true }])
        {
            foreach (var family in (IpFamily[])[first, second])
            {
                var found = Collect(slices, family, portName, isUsable);
                if (!found.IsEmpty)
                {
                    return found;
                }
            }
        }

        return default;
    }

    private static ValueList<EndpointAddress> Collect(ValueList<EndpointSlice> slices, IpFamily family, string portName, Func<Endpoint, bool> isUsable)
    {
        var found = new HashSet<EndpointAddress>();
        foreach (var slice in slices)
        {
            if (slice.Family != family || PortOf(slice, portName) is not { } port)
            {
                continue;
            }

            foreach (var endpoint in slice.Endpoints)
            {
                if (isUsable(endpoint))
                {
                    found.Add(new EndpointAddress(endpoint.Address, port));
                }
            }
        }

        // Slices are rewritten in other orders without a change.
        return found.OrderBy(static endpoint => endpoint.Address).ThenBy(static endpoint => endpoint.Port).ToValueList();
    }

    private static ushort? PortOf(EndpointSlice slice, string name)
    {
        foreach (var port in slice.Ports)
        {
            if (port.Protocol == IpProtocol.Tcp && port.Name == name && port.Port is > 0)
            {
                return port.Port;
            }
        }

        return null;
    }
}

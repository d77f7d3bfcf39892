using System.Globalization;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Explaining;

/// <summary>Services as destinations: where their traffic goes. Pure.</summary>
internal static class ServiceEndpoints
{
    private const string Prefix = "svc/";

    /// <summary>The Service that is meant, by <c>svc/NAMESPACE/NAME</c> or an address of its own; null where none is.</summary>
    public static Service? Find(ClusterSnapshot cluster, ExplainTarget target)
    {
        if (IpAddress.TryParse(target.End, out var address))
        {
            return cluster.Services.FirstOrDefault(service => service.ClusterIps.Contains(address));
        }

        var name = target.End.StartsWith(Prefix, StringComparison.Ordinal) ? target.End[Prefix.Length..] : "";
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 ? cluster.Services.Find(name[..slash], name[(slash + 1)..]) : null;
    }

    /// <summary>What is wrong where a Service is asked for and not there; null for anything else.</summary>
    public static string? Missing(ClusterSnapshot cluster, ExplainTarget target) => !target.End.StartsWith(Prefix, StringComparison.Ordinal) ? null
        : target.End.LastIndexOf('/') < Prefix.Length ? $"'{target.End}' does not say which Service: svc/NAMESPACE/NAME"
        : cluster.Services.Count == 0 ? $"there is no Service {target.End[Prefix.Length..]}: no module that is switched on on this node looks at Services"
        : $"there is no Service {target.End[Prefix.Length..]}";

    /// <summary>The port that is meant, by number or name; the only one where none is said.</summary>
    /// <returns>What is wrong; null for nothing.</returns>
    public static string? PortOf(Service service, ExplainTarget target, out ServicePort port)
    {
        var isNumber = ushort.TryParse(target.Port, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        var found = service.Ports.Where(item => (target.Protocol is null || target.Protocol == item.Protocol)
            && (target.Port.Length == 0 || (isNumber ? item.Port == number : string.Equals(item.Name, target.Port, StringComparison.Ordinal)))).ToList();

        // One number may be TCP and UDP; what is not said is TCP.
        port = found.Count > 1 && target.Port.Length > 0 ? found.Where(static item => item.Protocol == IpProtocol.Tcp).FirstOrDefault() : found.Count > 0 ? found[0] : default;
        if (found.Count == 1 || port.Port > 0 && target.Port.Length > 0)
        {
            return null;
        }

        var ports = string.Join(", ", service.Ports.Select(static item => $"{item.Port}/{item.Protocol.ToString().ToLowerInvariant()}{(item.Name.Length > 0 ? $" ({item.Name})" : "")}"));
        return $"say which port of Service {service.Key} is meant: there {(service.Ports.Count == 1 ? "is" : "are")} {(ports.Length > 0 ? ports : "none")}";
    }

    /// <summary>Its endpoints that get traffic: the ready ones, or where none is, those that end but still serve.</summary>
    public static IEnumerable<(IpAddress Address, IpProtocol? Protocol, ushort Port)> Of(ClusterSnapshot cluster, Service service, ServicePort port)
    {
        var ready = Of(cluster, service, port, static endpoint => endpoint.Ready).ToList();
        return ready.Count > 0 ? ready : Of(cluster, service, port, static endpoint => endpoint is { Serving: true, Terminating: true });
    }

    private static IEnumerable<(IpAddress Address, IpProtocol? Protocol, ushort Port)> Of(ClusterSnapshot cluster, Service service, ServicePort port, Func<Endpoint, bool> wants)
    {
        foreach (var slice in (IEnumerable<EndpointSlice>)cluster.SlicesOf(service.Key))
        {
            foreach (var item in (IEnumerable<EndpointPort>)slice.Ports)
            {
                if (!string.Equals(item.Name, port.Name, StringComparison.Ordinal) || item.Protocol != port.Protocol)
                {
                    continue;
                }

                foreach (var endpoint in slice.Endpoints.Where(wants))
                {
                    yield return (endpoint.Address, port.Protocol, item.Port ?? port.Port);
                }
            }
        }
    }
}

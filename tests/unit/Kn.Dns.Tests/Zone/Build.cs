using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Tests.Zone;

/// <summary>Makes objects of the cluster.</summary>
internal static class Build
{
    internal static readonly Namespace Default = new() { Metadata = new ObjectMeta { Name = "default" } };

    internal static Service Service(string name, params IEnumerable<string> clusterIps) => new()
    {
        Metadata = Meta(name),
        ClusterIps = clusterIps.Select(static text => IpAddress.Parse(text)).ToValueList(),
        Ports = [new ServicePort("http", IpProtocol.Tcp, 80, 0), new ServicePort("dns", IpProtocol.Udp, 53, 0)],
    };

    internal static Service Headless(string name, bool publishNotReady = false) => new() { Metadata = Meta(name), Headless = true, PublishNotReadyAddresses = publishNotReady };

    internal static Service ExternalName(string name, string target) => new() { Metadata = Meta(name), Type = "ExternalName", ExternalName = target };

    internal static EndpointSlice Slice(string service, IpFamily family, params IEnumerable<Endpoint> endpoints) => Slice($"{service}-{family}", service, family, endpoints);

    internal static EndpointSlice Slice(string name, string service, IpFamily family, params IEnumerable<Endpoint> endpoints) => new()
    {
        Metadata = Meta(name),
        ServiceName = service,
        Family = family,
        Ports = [new EndpointPort("http", IpProtocol.Tcp, 8080)],
        Endpoints = endpoints.ToValueList(),
    };

    internal static Endpoint Endpoint(string address, string? hostname = null, bool ready = true) => new()
    {
        Address = IpAddress.Parse(address),
        Hostname = hostname,
        Ready = ready,
    };

    internal static Pod Pod(string name, params IEnumerable<string> addresses) => new()
    {
        Metadata = Meta(name),
        Phase = "Running",
        PodIps = addresses.Select(static text => IpAddress.Parse(text)).ToValueList(),
    };

    private static ObjectMeta Meta(string name) => new() { Name = name, Namespace = "default" };
}

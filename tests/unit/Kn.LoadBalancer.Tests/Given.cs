using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.LoadBalancer.Allocating;
using Kn.Primitives;

namespace Kn.LoadBalancer.Tests;

/// <summary>Services, pools and nodes, short to write.</summary>
internal static class Given
{
    public static Service Service(string name, int age = 0, string @namespace = "default", params (string Key, string Value)[] annotations) => new()
    {
        Metadata = new ObjectMeta
        {
            Namespace = @namespace,
            Name = name,
            Uid = $"{@namespace}/{name}",
            CreationTimestamp = DateTimeOffset.UnixEpoch.AddDays(100 - age),
            Annotations = ValueMap.Of<string, string>(annotations),
        },
        Type = "LoadBalancer",
        IpFamilies = [IpFamily.V4],
        Ports = [Tcp(80)],
        Selector = ValueMap.Of<string, string>(("app", name)),
    };

    public static Service Dual(string name, int age = 0) => Service(name, age) with { IpFamilies = [IpFamily.V4, IpFamily.V6] };

    public static Service Holding(this Service service, params string[] addresses) =>
        service with { LoadBalancerIngress = addresses.Select(static address => new LoadBalancerIngress(IpAddress.Parse(address), false)).ToValueList() };

    public static Service Annotated(this Service service, params (string Key, string Value)[] annotations) =>
        service with { Metadata = service.Metadata with { Annotations = ValueMap.Of<string, string>(annotations) } };

    public static Service Labelled(this Service service, string key, string value) =>
        service with { Metadata = service.Metadata with { Labels = ValueMap.Of<string, string>((key, value)) } };

    public static ServicePort Tcp(ushort port) => new("", IpProtocol.Tcp, port, 0);

    public static ServicePort Udp(ushort port) => new("", IpProtocol.Udp, port, 0);

    public static PoolOptions Pool(string name, params string[] ranges) => new() { Name = name, Addresses = ranges.Select(static range => IpRange.Parse(range)).ToValueList() };

    public static LoadBalancerOptions Options(params PoolOptions[] pools) => new() { Pools = pools.ToValueList() };

    public static Node Node(string name, bool ready = true, params (string Key, string Value)[] labels) => new()
    {
        Metadata = new ObjectMeta { Name = name, Labels = ValueMap.Of<string, string>(labels) },
        Ready = ready,
    };

    public static EndpointSlice Slice(Service service, IpFamily family, params (string Node, bool Ready)[] endpoints) => new()
    {
        Metadata = new ObjectMeta { Namespace = service.Metadata.Namespace, Name = $"{service.Metadata.Name}-{family}" },
        ServiceName = service.Metadata.Name,
        Family = family,
        Endpoints = endpoints.Select(static endpoint => new Endpoint { NodeName = endpoint.Node, Ready = endpoint.Ready }).ToValueList(),
    };

    public static ClusterSnapshot Cluster(params IEnumerable<KubernetesObject> items) => ClusterSnapshot.Of(items);

    public static IReadOnlyDictionary<string, ServiceGrant> Plan(LoadBalancerOptions options, params KubernetesObject[] items) =>
        AllocationPlan.Plan(Cluster(items), AddressPool.Of(options), options, GrantMemory.OfStatus).ToDictionary(static grant => grant.Service.Metadata.Name);

    public static string Text(this ServiceGrant grant) => string.Join(",", grant.Addresses);
}

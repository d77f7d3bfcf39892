using Kn.Hosting.Options;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tests;

/// <summary>Objects of a small cluster, short to write: this node is n1.</summary>
internal static class Build
{
    public static ProxyNode ThisNode { get; } = new()
    {
        Name = "n1",
        Cluster = new ClusterOptions { PodCidrs = [IpPrefix.Parse("10.244.0.0/16"), IpPrefix.Parse("fd00:244::/32")] },
        LinkAddresses = [IpAddress.Parse("192.168.50.1"), IpAddress.Parse("172.16.0.1"), IpAddress.Parse("fd00:50::1")],
    };

    public static Node Node(string name, string zone = "", params string[] internalIps) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = name,
            Labels = zone.Length == 0 ? default : ValueMap.Of<string, string>(("topology.kubernetes.io/zone", zone)),
        },
        InternalIps = Addresses(internalIps),
    };

    public static Node N1 { get; } = Node("n1", "", "192.168.50.1", "fd00:50::1");

    public static ServiceCidr Cidr { get; } = new()
    {
        Metadata = new ObjectMeta { Name = "kubernetes" },
        Cidrs = [IpPrefix.Parse("10.96.0.0/16"), IpPrefix.Parse("fd00:96::/112")],
    };

    /// <summary>A ClusterIP Service of both families, port 80/TCP unless said.</summary>
    public static Service Service(string name, byte number, params ServicePort[] ports) => new()
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = name },
        ClusterIps = Addresses($"10.96.0.{number}", $"fd00:96::{number:x}"),
        IpFamilies = [IpFamily.V4, IpFamily.V6],
        Ports = ports.Length == 0 ? [Tcp(80)] : ports.ToValueList(),
    };

    public static Service Annotated(Service service, string annotation, string value) =>
        service with { Metadata = service.Metadata with { Annotations = ValueMap.Of<string, string>((annotation, value)) } };

    public static T Labelled<T>(T item, string label)
        where T : KubernetesObject => item with { Metadata = item.Metadata with { Labels = ValueMap.Of<string, string>((label, "")) } };

    public static ServicePort Tcp(ushort port, ushort nodePort = 0, string name = "") => new(name, IpProtocol.Tcp, port, nodePort);

    public static ServicePort Udp(ushort port, ushort nodePort = 0, string name = "") => new(name, IpProtocol.Udp, port, nodePort);

    /// <summary>A slice of one port: each endpoint is "address" or "address@node".</summary>
    public static EndpointSlice Slice(string service, string suffix, EndpointPort port, params Endpoint[] endpoints) => new()
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = $"{service}-{suffix}" },
        ServiceName = service,
        Family = endpoints.Length == 0 ? IpFamily.V4 : endpoints[0].Address.Family,
        Ports = [port],
        Endpoints = endpoints.ToValueList(),
    };

    public static EndpointPort To(ushort port, IpProtocol protocol = IpProtocol.Tcp, string name = "") => new(name, protocol, port);

    public static Endpoint At(string address, string node = "n2") => new() { Address = IpAddress.Parse(address), NodeName = node };

    public static Endpoint[] AtEach(params string[] addresses) => [.. addresses.Select(static address => At(address))];

    public static ValueList<IpAddress> Addresses(params string[] texts) => texts.Select(static text => IpAddress.Parse(text)).ToValueList();

    public static ClusterSnapshot Cluster(params IEnumerable<KubernetesObject> objects) => ClusterSnapshot.Of(objects.Prepend(Cidr).Prepend(N1));

    public static ProxyKey Key(string service, ushort port = 80, IpProtocol protocol = IpProtocol.Tcp) =>
        new(ProxyKeyKind.ServicePort, new ObjectKey("default", service), protocol, port);
}

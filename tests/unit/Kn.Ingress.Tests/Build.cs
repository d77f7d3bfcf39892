using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Tests;

/// <summary>Makes objects for tests.</summary>
internal static class Build
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static IngressClass Class(string name, string controller = "kn.internal/ingress", bool isDefault = false, int age = 0) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = name,
            CreationTimestamp = s_start.AddMinutes(-age),
            Annotations = isDefault ? ValueMap.Of((IngressClass.DefaultAnnotation, "true")) : default,
        },
        Controller = controller,
    };

    public static IngressObject Ingress(string name, params IEnumerable<IngressRule> rules) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "ns", CreationTimestamp = s_start },
        ClassName = "kn",
        Rules = rules.ToValueList(),
    };

    public static IngressObject Aged(this IngressObject ingress, int minutes) =>
        ingress with { Metadata = ingress.Metadata with { CreationTimestamp = s_start.AddMinutes(-minutes) } };

    public static IngressRule Rule(string host, params IEnumerable<IngressPath> paths) => new(host, paths.ToValueList());

    public static IngressPath Prefix(string path, string service = "web", ushort port = 80) => new(path, IngressPathType.Prefix, new IngressBackend(service, port));

    public static IngressPath Exact(string path, string service = "web", ushort port = 80) => new(path, IngressPathType.Exact, new IngressBackend(service, port));

    public static Service Service(string name, params IEnumerable<ServicePort> ports) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "ns" },
        IpFamilies = [IpFamily.V4],
        Ports = ports.ToValueList(),
    };

    public static EndpointSlice Slice(string service, string name, ValueList<EndpointPort> ports, params IEnumerable<Endpoint> endpoints) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "ns" },
        ServiceName = service,
        Family = endpoints.First().Address.Family,
        Ports = ports,
        Endpoints = endpoints.ToValueList(),
    };

    public static Endpoint Endpoint(string address, bool ready = true, bool serving = true, bool terminating = false) =>
        new() { Address = IpAddress.Parse(address), Ready = ready, Serving = serving, Terminating = terminating };
}

using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Tables;

/// <summary>What kubectl get shows of Services, EndpointSlices, Endpoints, Ingresses, IngressClasses, NetworkPolicies and ServiceCIDRs.</summary>
internal static class NetworkColumns
{
    public static IReadOnlyList<TableColumn> Service { get; } =
    [
        TableColumn.Of("Type", static service => service.Text("spec", "type")),
        TableColumn.Of("Cluster-IP", static service => service.Text("spec", "clusterIP")),
        TableColumn.Of("External-IP", ExternalAddress),
        TableColumn.Of("Port(s)", static service => string.Join(",", service.Maps("spec", "ports").Select(ServicePort))),
        TableColumn.Age,
        TableColumn.Of("Selector", static service => Text.Labels(service, "spec", "selector"), wide: true),
    ];

    public static IReadOnlyList<TableColumn> EndpointSlice { get; } =
    [
        TableColumn.Of("AddressType", static slice => slice.Text("addressType")),
        TableColumn.Of("Ports", static slice => Text.Some(slice.Maps("ports").Select(static port => port.Number("port")?.ToString() ?? "*"), "<unset>")),
        TableColumn.Of("Endpoints", static slice => Text.Some(slice.Maps("endpoints").SelectMany(static endpoint => endpoint.Texts("addresses")), "<unset>")),
        TableColumn.Age,
    ];

    public static IReadOnlyList<TableColumn> Endpoints { get; } =
    [
        TableColumn.Of("Endpoints", static endpoints => Text.Some(endpoints.Maps("subsets").SelectMany(static subset => subset.Maps("addresses").SelectMany(
            address => subset.Maps("ports").Select(port => $"{address.Text("ip")}:{port.Number("port")}"))), "<none>")),
        TableColumn.Age,
    ];

    public static IReadOnlyList<TableColumn> Ingress { get; } =
    [
        TableColumn.Of("Class", static ingress => ingress.Text("spec", "ingressClassName")),
        TableColumn.Of("Hosts", static ingress => Text.Some(ingress.Maps("spec", "rules").Select(static rule => rule.Text("host") is { Length: > 0 } host ? host : "*"), "*")),
        new("Address", static (ingress, _) => LoadBalancerAddresses(ingress)),
        TableColumn.Of("Ports", static ingress => ingress.List("spec", "tls") is { Count: > 0 } ? "80, 443" : "80"),
        TableColumn.Age,
    ];

    public static IReadOnlyList<TableColumn> IngressClass { get; } =
    [
        TableColumn.Of("Controller", static kind => kind.Text("spec", "controller")),
        TableColumn.Of("Parameters", static kind => kind.Text("spec", "parameters", "name")),
        TableColumn.Age,
    ];

    public static IReadOnlyList<TableColumn> NetworkPolicy { get; } =
    [
        TableColumn.Of("Pod-Selector", static policy => Text.Selector(policy.Map("spec", "podSelector"))),
        TableColumn.Age,
    ];

    public static IReadOnlyList<TableColumn> ServiceCidr { get; } =
    [
        TableColumn.Of("CIDRs", static cidr => string.Join(",", cidr.Texts("spec", "cidrs"))),
        TableColumn.Age,
    ];

    public static IReadOnlyList<TableColumn> IpAddress { get; } =
    [
        TableColumn.Of("ParentRef", static address => $"{address.Text("spec", "parentRef", "resource")}/{address.Text("spec", "parentRef", "namespace")}/{address.Text("spec", "parentRef", "name")}"),
    ];

    private static string ServicePort(JsonObject port) => port.Number("nodePort") is { } node and not 0
        ? $"{port.Number("port")}:{node}/{port.Text("protocol")}"
        : $"{port.Number("port")}/{port.Text("protocol")}";

    private static string LoadBalancerAddresses(JsonObject tree) => string.Join(",", tree.Maps("status", "loadBalancer", "ingress")
        .Select(static entry => entry.Text("ip") ?? entry.Text("hostname") ?? ""));

    private static string? ExternalAddress(JsonObject service)
    {
        var external = service.Texts("spec", "externalIPs").ToList();
        switch (service.Text("spec", "type"))
        {
            case "ExternalName":
                return service.Text("spec", "externalName");
            case "LoadBalancer":
                var all = string.Join(",", external.Prepend(LoadBalancerAddresses(service)).Where(static text => text.Length > 0));
                return all.Length > 0 ? all : "<pending>";
            default:
                return string.Join(",", external);
        }
    }
}

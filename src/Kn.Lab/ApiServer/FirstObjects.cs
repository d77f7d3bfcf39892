using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Storage;

namespace Kn.Lab.ApiServer;

/// <summary>What every cluster has from the start: its namespaces, the kubernetes Service with the server behind it, the ServiceCIDR.</summary>
internal static class FirstObjects
{
    public static void Create(ObjectRegistry registry, LabApiServerOptions options, IPEndPoint server)
    {
        foreach (var name in new[] { "default", "kube-system", "kube-public", "kube-node-lease" })
        {
            Create(registry, ApiResources.Namespaces, "", Named(name));
        }

        var cidr = Named("kubernetes");
        cidr["spec"] = new JsonObject { ["cidrs"] = JsonTree.Array(options.ServicePrefixes.Select(static prefix => prefix.ToString())) };
        Create(registry, ApiResources.ServiceCidrs, "", cidr);
        registry.Update(registry.Kinds.Of(ApiResources.ServiceCidrs), new ObjectKey("", "kubernetes"), WritePart.Status, tree =>
        {
            tree["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = "Ready",
                    ["status"] = "True",
                    ["reason"] = "",
                    ["message"] = "Kubernetes Service CIDR is ready",
                    ["lastTransitionTime"] = tree.At("metadata", "creationTimestamp")?.DeepClone(),
                }),
            };
            return tree;
        }, dryRun: false);
        Create(registry, ApiResources.Services, "default", Service(options, server));
        Create(registry, ApiResources.EndpointSlices, "default", Slice(server));
    }

    private static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };

    private static JsonObject Service(LabApiServerOptions options, IPEndPoint server)
    {
        var service = Named("kubernetes");
        service.Ensure("metadata")["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" };
        service["spec"] = new JsonObject
        {
            ["clusterIP"] = options.ServicePrefixes[0].Address.Add(1).ToString(),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = 443, ["protocol"] = "TCP", ["targetPort"] = server.Port }),
        };
        return service;
    }

    private static JsonObject Slice(IPEndPoint server)
    {
        var slice = Named("kubernetes");
        slice.Ensure("metadata")["labels"] = new JsonObject { ["kubernetes.io/service-name"] = "kubernetes" };
        slice["addressType"] = server.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
        slice["endpoints"] = new JsonArray(new JsonObject
        {
            ["addresses"] = JsonTree.Array([server.Address.ToString()]),
            ["conditions"] = new JsonObject { ["ready"] = true },
        });
        slice["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = server.Port, ["protocol"] = "TCP" });
        return slice;
    }

    private static void Create(ObjectRegistry registry, ApiResource resource, string @namespace, JsonObject tree) =>
        registry.Create(registry.Kinds.Of(resource), @namespace, tree, dryRun: false);
}

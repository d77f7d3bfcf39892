using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab;

/// <summary>The Service that has the cluster's DNS address, as kubeadm makes it. It has no endpoints: the agents serve its address.</summary>
internal static class ClusterDnsService
{
    private const string Space = "kube-system";

    /// <summary>Creates it where it is not there.</summary>
    public static async Task EnsureAsync(ApiClient client, string address, CancellationToken cancellationToken)
    {
        if (await client.TryGetAsync(ApiResources.Namespaces, null, Space, cancellationToken) is null)
        {
            await CreateAsync(client, ApiResources.Namespaces, null, new JsonObject { ["metadata"] = new JsonObject { ["name"] = Space } }, cancellationToken);
        }

        if (await client.TryGetAsync(ApiResources.Services, Space, "kube-dns", cancellationToken) is null)
        {
            await CreateAsync(client, ApiResources.Services, Space, Service(address), cancellationToken);
        }
    }

    /// <summary>A real server makes the namespace by itself, at about the same time.</summary>
    private static async Task CreateAsync(ApiClient client, ApiResource resource, string? space, JsonObject item, CancellationToken cancellationToken)
    {
        try
        {
            await client.CreateAsync(resource, space, item, cancellationToken);
        }
        catch (ApiException exception) when (exception.IsConflict)
        {
            // Somebody else was faster.
        }
    }

    private static JsonObject Service(string address) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "kube-dns", ["labels"] = new JsonObject { ["k8s-app"] = "kube-dns" } },
        ["spec"] = new JsonObject
        {
            ["clusterIP"] = address,
            ["ipFamilyPolicy"] = "PreferDualStack",
            ["ports"] = new JsonArray(Port("dns", "UDP"), Port("dns-tcp", "TCP")),
        },
    };

    private static JsonObject Port(string name, string protocol) => new() { ["name"] = name, ["port"] = 53, ["protocol"] = protocol, ["targetPort"] = 53 };
}

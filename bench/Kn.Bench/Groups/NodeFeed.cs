using System.Text;
using System.Text.Json.Nodes;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Kubeconfigs;

namespace Kn.Bench.Groups;

/// <summary>Nodes that exist in the API alone, behind a router as far as the lab's node can tell.</summary>
internal sealed class NodeFeed(string kubeconfig) : IDisposable
{
    private const string Nodes = "/api/v1/nodes";
    private readonly ApiClient _client = new(Kubeconfig.Load(kubeconfig));

    /// <summary>POSTs a node with its podCIDRs and addresses, as a kubelet and the controller manager would have made it.</summary>
    public async Task CreateAsync(int number, int podCidr)
    {
        var node = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject { ["name"] = Name(number) },
            ["spec"] = new JsonObject { ["podCIDR"] = PodCidrV4(podCidr), ["podCIDRs"] = new JsonArray(PodCidrV4(podCidr), PodCidrV6(podCidr)) },
            ["status"] = new JsonObject
            {
                ["addresses"] = new JsonArray(Address($"198.18.{number >> 8}.{number & 255}"), Address($"2001:db8:18::{number:x}")),
            },
        };
        await _client.CreateAsync(Nodes, Encoding.UTF8.GetBytes(node.ToJsonString()), CancellationToken.None);
    }

    public Task DeleteAsync(int number) => _client.DeleteAsync($"{Nodes}/{Name(number)}", CancellationToken.None);

    public static string Name(int number) => $"far{number}";

    public static string PodCidrV4(int number) => $"10.{64 + (number >> 8)}.{number & 255}.0/24";

    public static string PodCidrV6(int number) => $"fd00:64:{number:x}::/64";

    public void Dispose() => _client.Dispose();

    private static JsonObject Address(string address) => new() { ["type"] = "InternalIP", ["address"] = address };
}

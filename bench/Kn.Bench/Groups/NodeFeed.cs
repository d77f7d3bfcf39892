using System.Text;
using System.Text.Json;
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

    /// <summary>Calls back for every node that the API server says is new from now on, until cancelled.</summary>
    public async Task WatchAsync(Action<string> added, TaskCompletionSource begun, CancellationToken cancellationToken)
    {
        var list = JsonNode.Parse(await _client.GetAsync($"{Nodes}?limit=1", cancellationToken))!;
        using var response = await _client.OpenAsync($"{Nodes}?watch=true&resourceVersion={list["metadata"]!["resourceVersion"]}", cancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        begun.SetResult();
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            using var frame = JsonDocument.Parse(line);
            if (frame.RootElement.GetProperty("type").GetString() == "ADDED")
            {
                added(frame.RootElement.GetProperty("object").GetProperty("metadata").GetProperty("name").GetString()!);
            }
        }
    }

    public static string Name(int number) => $"far{number}";

    public static string PodCidrV4(int number) => $"10.{64 + (number >> 8)}.{number & 255}.0/24";

    public static string PodCidrV6(int number) => $"fd00:64:{number:x}::/64";

    public void Dispose() => _client.Dispose();

    private static JsonObject Address(string address) => new() { ["type"] = "InternalIP", ["address"] = address };
}

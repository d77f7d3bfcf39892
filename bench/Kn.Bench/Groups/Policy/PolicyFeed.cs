using System.Text;
using System.Text.Json.Nodes;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Kubeconfigs;

namespace Kn.Bench.Groups.Policy;

/// <summary>Writes the world into a lab's API server, many objects at once.</summary>
internal sealed class PolicyFeed : IDisposable
{
    private const int AtOnce = 16;
    private readonly ApiClient _client;

    public PolicyFeed(Lab lab) => _client = new ApiClient(Kubeconfig.Load($"{lab.Folder}/api/kubeconfig"));

    /// <summary>Makes all namespaces.</summary>
    public void AddNamespaces() => ForEach(PolicyWorld.Namespaces, (number, token) => CreateAsync("/api/v1/namespaces", PolicyWorld.Namespace(number), token));

    /// <summary>Makes these pods of the node; its kubelet runs them.</summary>
    public void AddLocalPods(params IReadOnlyList<int> pods) => ForEach(pods.Count, (index, token) => CreateAsync(PodsOf(pods[index]), PolicyWorld.Pod(pods[index]), token));

    /// <summary>Makes the pods elsewhere, which run as far as anybody can tell.</summary>
    public void AddRemotePods() => ForEach(PolicyWorld.Pods - PolicyWorld.Local, async (index, token) =>
    {
        var pod = PolicyWorld.Local + index;
        await CreateAsync(PodsOf(pod), PolicyWorld.Pod(pod), token);
        await _client.PatchAsync($"{PathOf(pod)}/status", ApiClient.MergePatch, Encoding.UTF8.GetBytes(PolicyWorld.Status(pod)), token);
    });

    /// <summary>Makes all policies.</summary>
    public void AddPolicies() => ForEach(PolicyWorld.Namespaces, async (number, token) =>
    {
        foreach (var (name, spec) in PolicyWorld.Policies(number))
        {
            await CreateAsync($"/apis/networking.k8s.io/v1/namespaces/team-{number}/networkpolicies", PolicyWorld.Policy(number, name, spec), token);
        }
    });

    /// <summary>Gives a pod the labels of another app.</summary>
    public void ChangeLabels(int pod, int app) => _client.PatchAsync(
        PathOf(pod), ApiClient.MergePatch, Encoding.UTF8.GetBytes($$"""{"metadata":{"labels":{{PolicyWorld.Labels(pod, app)}} } }"""), CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>A pod's address and the name of its network namespace; null while it does not run.</summary>
    public (string Address, string Space)? Find(int pod, string lab)
    {
        var item = JsonNode.Parse(_client.GetAsync(PathOf(pod), CancellationToken.None).GetAwaiter().GetResult())!;
        return item["status"]?["podIP"]?.GetValue<string>() is { } address && item["status"]?["phase"]?.GetValue<string>() == "Running"
            ? (address, $"{lab}-pod-{item["metadata"]!["uid"]!.GetValue<string>().Split('-')[0]}")
            : null;
    }

    public void Dispose() => _client.Dispose();

    private static void ForEach(int count, Func<int, CancellationToken, Task> make) => Parallel.ForEachAsync(
        Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (index, token) => await make(index, token)).GetAwaiter().GetResult();

    private static string PodsOf(int pod) => $"/api/v1/namespaces/{PolicyWorld.NamespaceOf(pod)}/pods";

    private static string PathOf(int pod) => $"{PodsOf(pod)}/{PolicyWorld.PodName(pod)}";

    private Task<byte[]> CreateAsync(string path, string json, CancellationToken cancellationToken) => _client.CreateAsync(path, Encoding.UTF8.GetBytes(json), cancellationToken);
}

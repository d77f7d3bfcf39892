using System.Text;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Kubeconfigs;

namespace Kn.Bench.Groups.Proxy;

/// <summary>Writes the Services and EndpointSlices into a lab's API server, many at once.</summary>
internal sealed class ServiceFeed : IDisposable
{
    private const int AtOnce = 16;
    private readonly ApiClient _client;

    public ServiceFeed(Lab lab) => _client = new ApiClient(Kubeconfig.Load($"{lab.Folder}/api/kubeconfig"));

    /// <summary>Makes Services <paramref name="first"/> to <paramref name="end"/>, the last not included.</summary>
    public void Add(int first, int end) =>
        Parallel.ForEachAsync(Enumerable.Range(first, end - first), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (service, token) =>
        {
            await _client.CreateAsync("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", Slice(service), token);
            await _client.CreateAsync("/api/v1/namespaces/default/services", Service(service), token);
        }).GetAwaiter().GetResult();

    /// <summary>Puts another address in the place of a Service's first endpoint.</summary>
    public void ChangeEndpoint(int service, string address) => _client.PatchAsync(
        $"/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/{ServiceShape.Name(service)}-1",
        ApiClient.JsonPatch,
        Encoding.UTF8.GetBytes($$"""[{"op":"replace","path":"/endpoints/0/addresses/0","value":"{{address}}"}]"""),
        CancellationToken.None).GetAwaiter().GetResult();

    public void Dispose() => _client.Dispose();

    private static byte[] Service(int service) => Encoding.UTF8.GetBytes(
        $$"""
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"{{ServiceShape.Name(service)}}","namespace":"default"},
         "spec":{"type":"ClusterIP","clusterIP":"{{ServiceShape.ClusterIp(service)}}","clusterIPs":["{{ServiceShape.ClusterIp(service)}}"],"ipFamilies":["IPv4"],
         "ipFamilyPolicy":"SingleStack","ports":[{"name":"web","protocol":"TCP","port":{{ServiceShape.Port}},"targetPort":{{ServiceShape.TargetPort}} } ] } }
        """);

    private static byte[] Slice(int service)
    {
        var endpoints = Enumerable.Range(0, ServiceShape.Endpoints).Select(index =>
            $$$"""{"addresses":["{{{ServiceShape.Endpoint(service, index)}}}"],"conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"node9"}""");
        return Encoding.UTF8.GetBytes(
            $$$"""
            {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4",
             "metadata":{"name":"{{{ServiceShape.Name(service)}}}-1","namespace":"default","labels":{"kubernetes.io/service-name":"{{{ServiceShape.Name(service)}}}"} },
             "endpoints":[{{{string.Join(',', endpoints)}}}],"ports":[{"name":"web","protocol":"TCP","port":{{{ServiceShape.TargetPort}}}}]}
            """);
    }
}

using System.Text;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;
using Xunit.Abstractions;

namespace Kn.Kubernetes.Tests.Cache;

/// <summary>Alone in its process while it runs: what is weighed is the process.</summary>
[Collection(Alone.Group)]
[CollectionDefinition(Alone.Group, DisableParallelization = true)]
public sealed class MemoryTests(ITestOutputHelper output)
{
    private const int Count = 10_000;
    private const long MostBytes = 45L << 20;

    [Fact]
    public void TenThousandServicesSlicesAndPods_StayWithinTheBudget()
    {
        var cache = new ClusterCache();
        var strings = new StringPool();
        var before = LiveMemory.Read();
        cache.Replace(ResourceKinds.Services, Decode(ResourceKinds.Services, strings, Service));
        cache.Replace(ResourceKinds.EndpointSlices, Decode(ResourceKinds.EndpointSlices, strings, Slice));
        cache.Replace(ResourceKinds.Pods, Decode(ResourceKinds.Pods, strings, Pod));
        var used = LiveMemory.Read() - before;
        output.WriteLine($"{used / 1048576.0:0.0} MiB");
        Assert.InRange(used, 1, MostBytes);
        GC.KeepAlive(cache);
    }

    private static IEnumerable<KubernetesObject> Decode(ResourceKind kind, StringPool strings, Func<int, string> text) =>
        Enumerable.Range(0, Count).Select(number => kind.DecodeObject(Encoding.UTF8.GetBytes(text(number)), strings));

    private static string Meta(string name, int number, string labels) =>
        $$$"""
        "metadata":{"name":"{{{name}}}","namespace":"team-{{{number % 50}}}","uid":"{{{new Guid(number, 2, 3, new byte[8])}}}","resourceVersion":"{{{1_000_000 + number}}}",
        "creationTimestamp":"2025-01-02T03:04:05Z","labels":{{{{labels}}}}}
        """;

    private static string Service(int n) =>
        $$$"""{{{{Meta($"service-{n}", n, $"\"app\":\"service-{n}\",\"tier\":\"web\"")}}},"spec":{"clusterIP":"10.96.{{{n / 250}}}.{{{n % 250}}}","clusterIPs":["10.96.{{{n / 250}}}.{{{n % 250}}}"],"ipFamilies":["IPv4"],"ports":[{"name":"http","protocol":"TCP","port":80,"targetPort":8080}],"selector":{"app":"service-{{{n}}}"},"type":"ClusterIP"}}""";

    private static string Slice(int n)
    {
        var endpoints = string.Join(',', Enumerable.Range(0, 5).Select(i =>
            $$$"""{"addresses":["10.244.{{{(n * 5 + i) / 250 % 250}}}.{{{i}}}"],"conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"node-{{{(n + i) % 100}}}","targetRef":{"kind":"Pod","namespace":"team-{{{n % 50}}}","name":"service-{{{n}}}-7c9d8f6b5-abc{{{i}}}","uid":"x"}}"""));
        var labels = $"\"endpointslice.kubernetes.io/managed-by\":\"endpointslice-controller.k8s.io\",\"kubernetes.io/service-name\":\"service-{n}\",\"app\":\"service-{n}\"";
        return $$$"""{{{{Meta($"service-{n}-abcde", n, labels)}}},"addressType":"IPv4","endpoints":[{{{endpoints}}}],"ports":[{"name":"http","protocol":"TCP","port":8080}]}""";
    }

    private static string Pod(int n) =>
        $$$"""{{{{Meta($"service-{n}-7c9d8f6b5-abc0", n, $"\"app\":\"service-{n}\",\"pod-template-hash\":\"7c9d8f6b5\"")}}},"spec":{"nodeName":"node-{{{n % 100}}}","containers":[{"ports":[{"containerPort":8080}]}]},"status":{"phase":"Running","podIP":"10.244.{{{n / 250}}}.{{{n % 250}}}","podIPs":[{"ip":"10.244.{{{n / 250}}}.{{{n % 250}}}"}],"conditions":[{"type":"Ready","status":"True"}]}}""";
}

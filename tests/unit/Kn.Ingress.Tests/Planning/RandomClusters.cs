using Kn.Ingress.Tests.Tls;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Planning;

/// <summary>Small clusters in which everything meets everything.</summary>
internal static class RandomClusters
{
    public static readonly string[] Hosts = ["", "a.org", "x.a.org", "b.org", "y.b.org"];
    public static readonly string[] Paths = ["/", "/a", "/a/b", "/a/b/c", "/ab"];
    private static readonly Secret[] s_secrets =
    [
        .. Enumerable.Range(0, 3).Select(static number => TestCertificates.Secret($"c{number}", "a.org", "*.a.org", "b.org", "*.b.org")),
        TestCertificates.Secret("c0", "b.org"),
        TestCertificates.OfPem("c1", "no certificate", "no key"),
    ];

    private static readonly string[] s_rules = ["", "a.org", "*.a.org", "b.org", "*.b.org"];

    /// <summary>A cluster that differs in one object, and the change.</summary>
    public static ClusterSnapshot Change(ClusterSnapshot cluster, Random random, out ObjectChange change)
    {
        var item = RandomObject(random);
        var before = ResourceKinds.Of(item).Find(cluster, item.Key);
        if (random.Next(4) == 0)
        {
            change = new ObjectChange(before, null);
            return before is null ? cluster : cluster.Without(item);
        }

        change = new ObjectChange(before, item);
        return Equals(before, item) ? cluster : cluster.With(item);
    }

    private static KubernetesObject RandomObject(Random random) => random.Next(9) switch
    {
        8 => s_secrets[random.Next(s_secrets.Length)],
        0 => Build.Class("kn", random.Next(3) == 0 ? "x/y" : "kn.internal/ingress"),
        1 or 2 => Build.Service($"s{random.Next(3)}", new ServicePort("http", IpProtocol.Tcp, (ushort)(80 + random.Next(2)), 0)),
        3 or 4 => Slice(random),
        _ => RandomIngress(random),
    };

    private static EndpointSlice Slice(Random random)
    {
        var service = $"s{random.Next(3)}";
        return Build.Slice(
            service, $"{service}-{random.Next(2)}", [new("http", IpProtocol.Tcp, 8080)],
            Enumerable.Range(0, random.Next(1, 3)).Select(_ => Build.Endpoint($"10.0.0.{random.Next(1, 5)}", ready: random.Next(3) > 0, serving: true, terminating: random.Next(2) == 0)).DistinctBy(static endpoint => endpoint.Address));
    }

    private static IngressObject RandomIngress(Random random) =>
        Build.Ingress($"i{random.Next(5)}", Enumerable.Range(0, random.Next(3)).Select(_ => RandomRule(random))).Aged(random.Next(3)) with
        {
            ClassName = random.Next(5) == 0 ? "other" : "kn",
            Tls = Enumerable.Range(0, random.Next(3)).Select(_ => RandomTls(random)).ToValueList(),
            DefaultBackend = random.Next(3) == 0 ? new IngressBackend($"s{random.Next(3)}", 80) : null,
        };

    private static IngressTls RandomTls(Random random) => new(
        Enumerable.Range(0, random.Next(3)).Select(_ => s_rules[random.Next(1, s_rules.Length)]).ToValueList(),
        random.Next(4) == 0 ? null : $"c{random.Next(3)}");

    private static IngressRule RandomRule(Random random) => Build.Rule(
        s_rules[random.Next(s_rules.Length)],
        Enumerable.Range(0, random.Next(3)).Select(_ => new IngressPath(
            Paths[random.Next(Paths.Length)],
            (IngressPathType)random.Next(3),
            random.Next(2) == 0 ? new IngressBackend($"s{random.Next(3)}", (ushort)(80 + random.Next(2))) : new IngressBackend($"s{random.Next(3)}", PortName: "http"))));
}

using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Tests.Json;

public sealed class IngressTests
{
    [Theory]
    [InlineData("\"Exact\"", IngressPathType.Exact)]
    [InlineData("\"Prefix\"", IngressPathType.Prefix)]
    [InlineData("\"ImplementationSpecific\"", IngressPathType.ImplementationSpecific)]
    [InlineData("null", IngressPathType.ImplementationSpecific)]
    [InlineData("\"Glob\"", IngressPathType.ImplementationSpecific)]
    public void PathType_IsRead(string type, IngressPathType expected) =>
        Assert.Equal(expected, Decode($$$"""{"rules":[{"http":{"paths":[{"path":"/","pathType":{{{type}}}}]}}]}""").Rules[0].Paths[0].Type);

    [Fact]
    public void AbsentClass_IsNotAnEmptyOne()
    {
        Assert.Null(Decode("{}").ClassName);
        Assert.Equal("", Decode("""{"ingressClassName":""}""").ClassName);
    }

    [Fact]
    public void NullAnywhere_IsAbsent() => Assert.Equal(
        new Ingress { Metadata = new ObjectMeta { Name = "i", Namespace = "ns" } },
        Decode("""{"ingressClassName":null,"defaultBackend":null,"rules":null,"tls":null}"""));

    [Theory]
    [InlineData("""{"rules":[{"http":{"paths":[{"backend":{"service":{"name":"s","port":{"number":70000}}}}]}}]}""", "spec.rules[0].http.paths[0].backend.service.port.number")]
    [InlineData("""{"rules":[{"host":5}]}""", "spec.rules[0].host")]
    [InlineData("""{"tls":[{"hosts":"a"}]}""", "spec.tls[0].hosts")]
    [InlineData("""{"rules":"all"}""", "spec.rules")]
    public void WrongValue_IsAnErrorThatNamesItsField(string spec, string field) =>
        Assert.Equal(field, Assert.Throws<ObjectDecodeException>(() => Decode(spec)).Field);

    [Theory]
    [InlineData("true", true)]
    [InlineData("True", false)]
    [InlineData("", false)]
    public void DefaultClass_IsMarkedByAnAnnotation(string value, bool expected) =>
        Assert.Equal(expected, new IngressClass { Metadata = new ObjectMeta { Annotations = ValueMap.Of((IngressClass.DefaultAnnotation, value)) } }.IsDefault);

    [Fact]
    public void Secret_GivesItsValues_AndItsTextDoesNot()
    {
        var secret = Samples.Decode(ResourceKinds.Secrets, Samples.SecretJson);
        Assert.True(secret.TryGet(Secret.CertificateKey, out var value));
        Assert.Equal("cert"u8.ToArray(), value);
        Assert.False(secret.TryGet("ca.crt", out _));
        Assert.False((secret with { Data = ValueMap.Of(("x", "§")) }).TryGet("x", out _));
        Assert.DoesNotContain("Y2VydA", secret.ToString(), StringComparison.Ordinal);
        Assert.Contains("tls.key", secret.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Indexes_FollowEveryChange()
    {
        var random = new Random(11);
        var snapshot = ClusterSnapshot.Empty;
        var held = new Dictionary<string, Ingress>();
        for (var round = 0; round < 500; round++)
        {
            var name = $"i{random.Next(8)}";
            if (random.Next(3) == 0)
            {
                snapshot = snapshot.Without(new Ingress { Metadata = new ObjectMeta { Name = name, Namespace = "ns" } });
                held.Remove(name);
            }
            else
            {
                held[name] = Random(name, random);
                snapshot = snapshot.With(held[name]);
            }

            foreach (var host in (string[])["", "a.org", "b.org", "*.c.org"])
            {
                var expected = held.Values.Where(ingress => (host.Length == 0 && ingress.DefaultBackend is not null && ingress.Rules.IsEmpty) || ingress.Rules.Any(rule => string.Equals(rule.Host, host, StringComparison.OrdinalIgnoreCase)));
                Assert.Equal(expected.Select(static ingress => ingress.Key).Order(Comparer), snapshot.IngressesOf(host).Select(static ingress => ingress.Key).Order(Comparer));
            }

            foreach (var host in (string[])["a.org", "b.org", "*.c.org"])
            {
                var expected = held.Values.Where(ingress => ingress.Tls.Any(entry => (entry.Hosts.IsEmpty ? ingress.Rules.Select(static rule => rule.Host) : entry.Hosts).Contains(host, StringComparer.OrdinalIgnoreCase)));
                Assert.Equal(expected.Select(static ingress => ingress.Key).Order(Comparer), snapshot.IngressesWithTls(host).Select(static ingress => ingress.Key).Order(Comparer));
                Assert.Equal(snapshot.IngressesWithTls(host).Any(), snapshot.IngressTlsHosts.Contains(host));
            }

            foreach (var secret in (string[])["c1", "c2"])
            {
                var expected = held.Values.Where(ingress => ingress.Tls.Any(entry => entry.SecretName == secret));
                Assert.Equal(expected.Select(static ingress => ingress.Key).Order(Comparer), snapshot.IngressesWithSecret(new("ns", secret)).Select(static ingress => ingress.Key).Order(Comparer));
            }

            foreach (var service in (string[])["s1", "s2", "s3"])
            {
                var expected = held.Values.Where(ingress => ingress.Backends.Any(backend => backend.Service == service));
                Assert.Equal(expected.Select(static ingress => ingress.Key).Order(Comparer), snapshot.IngressesTo(new("ns", service)).Select(static ingress => ingress.Key).Order(Comparer));
            }
        }
    }

    private static readonly IComparer<ObjectKey> Comparer = Comparer<ObjectKey>.Create(static (left, right) => string.CompareOrdinal(left.Name, right.Name));

    private static Ingress Random(string name, Random random) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "ns" },
        DefaultBackend = random.Next(2) == 0 ? null : new IngressBackend($"s{random.Next(1, 4)}", 80),
        Rules = Enumerable.Range(0, random.Next(3)).Select(_ => new IngressRule(
            ((string[])["", "A.org", "b.org", "*.c.org"])[random.Next(4)],
            [new("/", IngressPathType.Prefix, new IngressBackend($"s{random.Next(1, 4)}", 80))])).ToValueList(),
        Tls = Enumerable.Range(0, random.Next(3)).Select(_ => new IngressTls(
            Enumerable.Range(0, random.Next(3)).Select(_ => ((string[])["A.org", "b.org", "*.c.org"])[random.Next(3)]).ToValueList(),
            ((string?[])["c1", "c2", null])[random.Next(3)])).ToValueList(),
    };

    private static Ingress Decode(string spec) =>
        Samples.Decode(ResourceKinds.Ingresses, $$$"""{"metadata":{"name":"i","namespace":"ns"},"spec":{{{spec}}}}""");
}

using Kn.Hosting.Reconciling;
using Kn.Ingress.Inspection;
using Kn.Ingress.Planning;
using Kn.Ingress.Tests.Tls;
using Kn.Ingress.Tls;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Inspection;

public sealed class InspectorTests
{
    private readonly LiveCertificates _certificates = new();
    private readonly IngressInspector _inspector;

    public InspectorTests()
    {
        _inspector = new IngressInspector(Routes(), _certificates);
        _certificates.Set("*.b.org", TestCertificates.Load("b", "*.b.org"));
    }

    [Theory]
    [InlineData("http://a.org/x/y", 0, "a.org has rules of its own, which alone are asked|/x/y matches Prefix /x of Ingress ns/web|Service ns/web:80 has 1 endpoints")]
    [InlineData("a.org/%78", 0, "a.org has rules of its own, which alone are asked|/x matches Prefix /x of Ingress ns/web|Service ns/web:80 has 1 endpoints")]
    [InlineData("https://A.ORG:8443/z", 404, "there is no certificate for the host: clients are shown the default one|a.org has rules of its own, which alone are asked|no path matches /z, and there is no default backend")]
    [InlineData("http://w.b.org", 503, "w.b.org has no rules of its own: those of *.b.org alone are asked|/ matches Prefix / of Ingress ns/wild|Service ns/gone:80 has no endpoints: it is missing, has no such port, or no pod of it is ready")]
    [InlineData("http://c.org/", 404, "no Ingress has rules for c.org, or for a wildcard that it is below: rules for every host are asked|no path matches /, and there is no default backend")]
    [InlineData("https://x.b.org", 503, "clients are shown the certificate of Secret ns/*.b.org, which ends at 2090-01-01 00:00Z|x.b.org has no rules of its own: those of *.b.org alone are asked|/ matches Prefix / of Ingress ns/wild|Service ns/gone:80 has no endpoints: it is missing, has no such port, or no pod of it is ready")]
    [InlineData("http://t.org/", 308, "t.org has rules of its own, which alone are asked|/ matches Prefix / of Ingress ns/tls|Service https://ns/web:80 has 1 endpoints|it does not come by TLS: it is sent there by 308")]
    [InlineData("http://a.org/../x", 400, "the path is refused: it climbs, or is not spelt as paths are")]
    public void Explain_SaysWhichRule_AndWhy(string url, int status, string steps)
    {
        var report = _inspector.Explain(url)!;
        Assert.Equal(steps.Split('|'), report.Steps);
        Assert.Equal(status, report.Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("http:///x")]
    [InlineData("http://a b/")]
    [InlineData("http://a.org\r\nX: y/")]
    public void WhatIsNoUrl_IsNotExplained(string url) => Assert.Null(_inspector.Explain(url));

    [Fact]
    public void List_HasEveryRoute_ByHostAndPath() => Assert.Equal(
        [("*.b.org", "/", "ns/gone:80", ""), ("a.org", "/x", "ns/web:80", "10.0.0.1:8080"), ("t.org", "/", "https://ns/web:80", "10.0.0.1:8080")],
        _inspector.List().Routes.Select(static route => (route.Host, route.Path, route.Backend, string.Join(',', route.Endpoints))));

    private static IngressObject Secure()
    {
        var ingress = Build.Ingress("tls", Build.Rule("t.org", Build.Prefix("/"))) with { Tls = [new([], null)] };
        return ingress with { Metadata = ingress.Metadata with { Annotations = ValueMap.Of(("nginx.ingress.kubernetes.io/backend-protocol", "HTTPS")) } };
    }

    private static LiveRoutes Routes()
    {
        var cluster = ClusterSnapshot.Of(
            Build.Class("kn"),
            Build.Ingress("web", Build.Rule("a.org", Build.Prefix("/x"))),
            Build.Ingress("wild", Build.Rule("*.b.org", Build.Prefix("/", "gone"))),
            Secure(),
            Build.Service("web", new ServicePort("", IpProtocol.Tcp, 80, 0)),
            Build.Slice("web", "web", [new EndpointPort("", IpProtocol.Tcp, 8080)], Build.Endpoint("10.0.0.1")));
        var routes = new LiveRoutes();
        var target = new RouteTarget(routes, new ClassRules("kn", WithoutClass: false));
        routes.Apply([.. target.Keys(cluster).Select(key => new Change<RouteKey, RoutePiece>(key, null, target.Plan(cluster, key, new Problems()))).Where(static change => change.After is not null)]);
        return routes;
    }
}

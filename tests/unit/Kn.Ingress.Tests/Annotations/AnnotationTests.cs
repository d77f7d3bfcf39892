using Kn.Ingress.Annotations;
using Kn.Ingress.Routing;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Annotations;

public sealed class AnnotationTests
{
    [Fact]
    public void NoAnnotations_AreNoSettings_AndCostNothing()
    {
        var read = AnnotationReader.Read(Ingress());
        Assert.Same(RouteSettings.None, read.Route);
        Assert.Empty(read.Problems);
        Assert.Same(RouteSettings.None, AnnotationReader.Read(Ingress(("nginx.ingress.kubernetes.io/proxy-buffering", "on"))).Route);
    }

    [Fact]
    public void OwnName_Wins()
    {
        Assert.Equal("/own", AnnotationReader.Read(Ingress(("kn.internal/app-root", "/own"), ("nginx.ingress.kubernetes.io/app-root", "/theirs"))).Route.AppRoot);
        Assert.Equal("/own", AnnotationReader.Read(Ingress(("nginx.ingress.kubernetes.io/app-root", "/theirs"), ("kn.internal/app-root", "/own"))).Route.AppRoot);
    }

    [Fact]
    public void Values_AreRead()
    {
        var settings = Read(
            ("proxy-body-size", "8m"), ("proxy-read-timeout", "90"), ("proxy-connect-timeout", "2s"), ("whitelist-source-range", "10.0.0.0/8, 192.0.2.7,2001:db8::/32"),
            ("backend-protocol", "GRPCS"), ("limit-rps", "5"), ("enable-cors", "true"), ("cors-allow-origin", "https://a.org, https://*.b.org"), ("affinity", "cookie"), ("session-cookie-max-age", "60"));
        Assert.Equal(8 << 20, settings.MaxBodyBytes);
        Assert.Equal(TimeSpan.FromSeconds(90), settings.ReadTimeout);
        Assert.Equal(TimeSpan.FromSeconds(2), settings.ConnectTimeout);
        Assert.Equal(["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"], settings.Allowed.Select(static prefix => prefix.ToString()));
        Assert.Equal(BackendProtocol.Http2 | BackendProtocol.Tls, settings.Protocol);
        Assert.Equal(5, settings.Limits!.PerSecond);
        Assert.Equal(2, settings.Cors!.Origins.Count);
        Assert.Equal("; Path=/; Max-Age=60; HttpOnly", settings.Affinity!.Attributes);
    }

    [Theory]
    [InlineData("proxy-body-size", "8 mb", "must be a size")]
    [InlineData("proxy-read-timeout", "soon", "must be a number of seconds")]
    [InlineData("use-regex", "yes", "\"true\" or \"false\"")]
    [InlineData("rewrite-target", "nowhere", "must be a path")]
    [InlineData("backend-protocol", "FCGI", "FCGI and AUTO_HTTP are not spoken")]
    [InlineData("limit-rps", "-1", "from 1")]
    [InlineData("cors-allow-origin", "a.org", "no origin")]
    [InlineData("permanent-redirect", "a.org\r\nSet-Cookie: x", "must be a URL")]
    [InlineData("permanent-redirect", "https://a.org/\r\nSet-Cookie: x", "control")]
    [InlineData("upstream-hash-by", "$whatever", "$whatever is no variable")]
    [InlineData("canary-by-header", "a b", "no name")]
    [InlineData("canary-by-header-pattern", "(", "no pattern")]
    [InlineData("session-cookie-path", "/; Domain=evil", "must be a path")]
    [InlineData("proxy-next-upstream", "error whatever", "'whatever'")]
    [InlineData("proxy-set-headers", "Content-Length: 5", "own business")]
    [InlineData("auth-realm", "a\"b", "no quotes")]
    public void WrongValue_IsTold_AndLeftOut(string name, string value, string expected)
    {
        var read = AnnotationReader.Read(Ingress(($"nginx.ingress.kubernetes.io/{name}", value)));
        var problem = Assert.Single(read.Problems, problem => problem.Contains(name, StringComparison.Ordinal));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.Null(read.Route.Broken);
    }

    [Theory]
    [InlineData("whitelist-source-range", "10.0.0.0/33")]
    [InlineData("denylist-source-range", "")]
    [InlineData("auth-type", "digest")]
    [InlineData("auth-url", "not a url")]
    [InlineData("auth-tls-secret", "ns/ca")]
    [InlineData("ssl-passthrough", "true")]
    public void WhatGuardsAndCannotBeRead_ShutsTheDoor(string name, string value)
    {
        var read = AnnotationReader.Read(Ingress(($"nginx.ingress.kubernetes.io/{name}", value)));
        Assert.NotNull(read.Route.Broken);
        Assert.Contains(read.Problems, static problem => problem.Contains("503", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("configuration-snippet")]
    [InlineData("server-snippet")]
    [InlineData("auth-snippet")]
    [InlineData("modsecurity-snippet")]
    [InlineData("stream-snippet")]
    public void Snippets_AreRefused_AndTheReasonIsSaid(string name)
    {
        var problem = Assert.Single(AnnotationReader.Read(Ingress(($"nginx.ingress.kubernetes.io/{name}", "deny all;"))).Problems);
        Assert.Contains("refused", problem, StringComparison.Ordinal);
        Assert.Contains("CVE-2021-25742", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownName_IsTold()
    {
        Assert.Contains("not known", Assert.Single(AnnotationReader.Read(Ingress(("nginx.ingress.kubernetes.io/rewrite-tagret", "/"))).Problems), StringComparison.Ordinal);
        Assert.Empty(AnnotationReader.Read(Ingress(("cert-manager.io/cluster-issuer", "le"))).Problems);
    }

    [Fact]
    public void EveryAnnotation_IsDone_OrSaysWhyNot()
    {
        Assert.True(AnnotationTable.All.Count() >= 117, $"only {AnnotationTable.All.Count()}");
        Assert.All(AnnotationTable.All, static known => Assert.True(known.Support == AnnotationSupport.Honoured ? known.Read is not null : known.Note.Length > 0, known.Name));
    }

    [Fact]
    public void EqualAnnotations_AreEqualSettings()
    {
        var first = Read(("whitelist-source-range", "10.0.0.0/8"), ("enable-cors", "true"), ("limit-rpm", "3"), ("proxy-next-upstream", "error http_502"));
        var second = Read(("whitelist-source-range", "10.0.0.0/8"), ("enable-cors", "true"), ("limit-rpm", "3"), ("proxy-next-upstream", "error http_502"));
        Assert.Equal(first, second);
        Assert.Equal(first.GetHashCode(), second.GetHashCode());
    }

    private static RouteSettings Read(params (string Name, string Value)[] annotations)
    {
        var read = AnnotationReader.Read(Ingress([.. annotations.Select(static pair => ("nginx.ingress.kubernetes.io/" + pair.Name, pair.Value))]));
        Assert.Empty(read.Problems);
        return read.Route;
    }

    private static IngressObject Ingress(params (string Name, string Value)[] annotations)
    {
        var ingress = Build.Ingress("i");
        return ingress with { Metadata = ingress.Metadata with { Annotations = ValueMap.Of<string, string>(annotations) } };
    }
}

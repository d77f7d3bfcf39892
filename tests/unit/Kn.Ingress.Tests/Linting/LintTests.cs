using Kn.Ingress.Linting;
using Kn.Kubernetes.Manifests;

namespace Kn.Ingress.Tests.Linting;

public sealed class LintTests
{
    private const string Ingress = """
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
          annotations:
            nginx.ingress.kubernetes.io/configuration-snippet: |
              deny all;
            nginx.ingress.kubernetes.io/proxy-cookie-path: "/ /x"
            nginx.ingress.kubernetes.io/proxy-buffering: "on"
            nginx.ingress.kubernetes.io/whitelist-source-range: "10.0.0.0/40"
            nginx.ingress.kubernetes.io/proxy-body-size: 8m
            nginx.ingress.kubernetes.io/proxy-bdy-size: 8m
            cert-manager.io/cluster-issuer: le
        spec:
          ingressClassName: nginx
          rules:
          - host: a.org
            http:
              paths:
              - {path: "/x/(.*)", pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 80}}}}
        """;

    [Fact]
    public void Ingress_IsJudgedByItsAnnotationsAndPaths()
    {
        var report = Lint(Ingress);
        Assert.Equal(1, report.Ingresses);
        Assert.Equal(
            [
                "Error annotations", "Error nginx.ingress.kubernetes.io/configuration-snippet", "Info nginx.ingress.kubernetes.io/proxy-buffering",
                "Warning nginx.ingress.kubernetes.io/proxy-bdy-size", "Warning nginx.ingress.kubernetes.io/proxy-cookie-path", "Warning path /x/(.*)",
            ],
            report.Findings.Select(static finding => $"{finding.Severity} {finding.Subject}").Order(StringComparer.Ordinal));
        Assert.All(report.Findings, static finding => Assert.Equal(("Ingress default/web", "file:1"), (finding.Object, finding.Source)));
        Assert.True(report.Findings[0].Severity >= report.Findings[^1].Severity);
    }

    [Fact]
    public void IngressThatChangesNothing_HasNoFindings() => Assert.Empty(Lint("""
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a", "namespace": "x", "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "8m"}},
         "spec": {"rules": [{"host": "a.org", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]}}
        """).Findings);

    [Fact]
    public void ConfigMapOfIngressNginx_IsJudged_OthersAreNot()
    {
        var report = Lint("""
            kind: List
            apiVersion: v1
            items:
            - {kind: ConfigMap, apiVersion: v1, metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}, data: {http-snippet: "x", keep-alive: 75, use-proxy-protocol: true, whatever: y}}
            - {kind: ConfigMap, apiVersion: v1, metadata: {name: other, namespace: ingress-nginx}, data: {http-snippet: "x"}}
            ---
            kind: IngressClass
            apiVersion: networking.k8s.io/v1
            metadata: {name: nginx}
            spec: {controller: k8s.io/ingress-nginx}
            """);
        Assert.Equal(
            ["Error http-snippet", "Info spec.controller", "Warning keep-alive", "Warning use-proxy-protocol", "Warning whatever"],
            report.Findings.Select(static finding => $"{finding.Severity} {finding.Subject}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ListOfTheApiServer_NeedsNoKindInItsItems() => Assert.Equal(2, Lint("""
        {"kind": "IngressList", "apiVersion": "networking.k8s.io/v1", "items": [{"metadata": {"name": "a"}, "spec": {}}, {"metadata": {"name": "b"}, "spec": {}}]}
        """).Ingresses);

    [Theory]
    [InlineData("a: [")]
    [InlineData("a: &x b")]
    [InlineData("a: *x")]
    public void WhatIsNoManifest_IsToldWithItsLine(string text)
    {
        if (text.Contains('&', StringComparison.Ordinal))
        {
            // An anchor that nobody uses does no harm.
            Assert.Empty(Lint(text).Findings);
            return;
        }

        Assert.Contains("line ", Assert.Throws<ManifestException>(() => Lint(text)).Message, StringComparison.Ordinal);
    }

    private static LintReport Lint(string text)
    {
        var lint = new IngressLint();
        foreach (var manifest in Manifest.ReadAll(new StringReader(text)))
        {
            lint.Add(manifest, $"file:{manifest.Line}");
        }

        return lint.ToReport();
    }
}

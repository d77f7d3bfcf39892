using System.Buffers;
using Kn.Ingress.Annotations;
using Kn.Ingress.Planning;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Manifests;
using Kn.Kubernetes.Objects;

namespace Kn.Ingress.Linting;

/// <summary>Says what would change for Ingresses that ingress-nginx serves, were they Kn's. Pure.</summary>
public sealed class IngressLint
{
    private static readonly SearchValues<char> s_patternSigns = SearchValues.Create("()[]*+?|^$\\");
    private readonly List<(IngressObject Ingress, string Source)> _ingresses = [];
    private readonly List<LintFinding> _findings = [];

    /// <summary>Looks at an object; those that say nothing of Ingresses are passed over.</summary>
    /// <param name="manifest">The object.</param>
    /// <param name="source">Where it is from.</param>
    public void Add(Manifest manifest, string source)
    {
        switch (manifest.Kind)
        {
            case "Ingress":
                AddIngress(manifest, source);
                break;
            case "IngressClass" when manifest.Text("spec", "controller") == "k8s.io/ingress-nginx":
                Add(LintSeverity.Info, $"IngressClass {manifest.Text("metadata", "name")}", source, "spec.controller", $"is ingress-nginx'; Kn serves classes of {ClassRules.Controller}: make one, or change this one (the field cannot be changed: delete and create)");
                break;
            case "ConfigMap" when NginxSettings.IsOf(manifest):
                foreach (var (key, value) in manifest.Entries())
                {
                    var (severity, message) = NginxSettings.Judge(key, value);
                    Add(severity, $"ConfigMap {manifest.Text("metadata", "namespace") ?? "default"}/{manifest.Text("metadata", "name")}", source, key, message);
                }

                break;
        }
    }

    /// <summary>What was found.</summary>
    public LintReport ToReport()
    {
        var cluster = ClusterSnapshot.Of(_ingresses.Select(static entry => entry.Ingress));
        foreach (var (ingress, source) in _ingresses)
        {
            LintAnnotations(ingress, source);
            LintPaths(cluster, ingress, source);
        }

        return new LintReport
        {
            Ingresses = _ingresses.Count,
            Findings = [.. _findings.OrderByDescending(static finding => (int)finding.Severity).ThenBy(static finding => finding.Object, StringComparer.Ordinal).ThenBy(static finding => finding.Subject, StringComparer.Ordinal)],
        };
    }

    private void AddIngress(Manifest manifest, string source)
    {
        try
        {
            var ingress = manifest.Decode(ResourceKinds.Ingresses);
            var space = ingress.Metadata.Namespace.Length == 0 ? "default" : ingress.Metadata.Namespace;
            _ingresses.Add((ingress with { Metadata = ingress.Metadata with { Namespace = space } }, source));
        }
        catch (ManifestException exception)
        {
            Add(LintSeverity.Error, $"Ingress {manifest.Text("metadata", "name")}", source, "", exception.Message);
        }
    }

    private void LintAnnotations(IngressObject ingress, string source)
    {
        foreach (var (annotation, _) in ingress.Metadata.Annotations)
        {
            if (AnnotationTable.NameOf(annotation) is { } name)
            {
                LintAnnotation(ingress, source, annotation, AnnotationTable.Find(name));
            }
        }

        foreach (var problem in AnnotationReader.Read(ingress).Problems.Where(static problem => !IsToldByTable(problem)))
        {
            Add(problem.Contains("503", StringComparison.Ordinal) ? LintSeverity.Error : LintSeverity.Warning, ingress, source, "annotations", problem);
        }

        if (IngressReferences.AuthSecret(ingress) is { } secret)
        {
            Add(LintSeverity.Info, ingress, source, "auth-secret", $"Secret {secret} is read only with ingress.opaqueSecrets: true in Kn's config");
        }
    }

    private void LintAnnotation(IngressObject ingress, string source, string annotation, KnownAnnotation? known)
    {
        switch (known?.Support)
        {
            case null:
                Add(LintSeverity.Warning, ingress, source, annotation, "is not known: it changes nothing");
                break;
            case AnnotationSupport.Refused:
                Add(LintSeverity.Error, ingress, source, annotation, "is refused: " + known.Note);
                break;
            case AnnotationSupport.Guarded:
                Add(LintSeverity.Error, ingress, source, annotation, $"is not supported: {known.Note}; requests get 503, for without it they would not be guarded");
                break;
            case AnnotationSupport.Unsupported:
                Add(LintSeverity.Warning, ingress, source, annotation, "is not supported: " + known.Note);
                break;
            case AnnotationSupport.NotNeeded:
                Add(LintSeverity.Info, ingress, source, annotation, "is not needed: " + known.Note);
                break;
            case AnnotationSupport.Honoured when known.Note.Length > 0:
                Add(LintSeverity.Info, ingress, source, annotation, known.Note);
                break;
        }
    }

    /// <summary>What <see cref="LintAnnotation"/> says in words of its own.</summary>
    private static bool IsToldByTable(string problem) =>
        problem.Contains(" is not supported: ", StringComparison.Ordinal) || problem.Contains(" is refused: ", StringComparison.Ordinal) || problem.Contains(" is not known: ", StringComparison.Ordinal);

    private void LintPaths(ClusterSnapshot cluster, IngressObject ingress, string source)
    {
        var problems = new Hosting.Reconciling.Problems();
        var usesPatterns = IngressPlan.Of(cluster, ingress, problems).UsesPatterns;
        foreach (var rule in ingress.Rules)
        {
            var isShared = !usesPatterns && cluster.IngressesOf(rule.Host.ToLowerInvariant()).Any(other => other.Key != ingress.Key && IngressPlan.Of(cluster, other, problems).UsesPatterns);
            foreach (var path in rule.Paths)
            {
                LintPath(ingress, source, path, usesPatterns, isShared);
            }
        }

        if (ingress.Rules.Any(static rule => rule.Paths.Any(static path => path.Backend.Resource is not null)))
        {
            Add(LintSeverity.Error, ingress, source, "backend.resource", "is no Service: requests get 503");
        }
    }

    private void LintPath(IngressObject ingress, string source, IngressPath path, bool usesPatterns, bool isShared)
    {
        var looksLikePattern = path.Path.AsSpan().ContainsAny(s_patternSigns);
        if (looksLikePattern && !usesPatterns)
        {
            Add(LintSeverity.Warning, ingress, source, $"path {path.Path}", "looks like a pattern and is compared letter by letter: set use-regex: \"true\"");
        }
        else if (isShared && path.Type != IngressPathType.Exact)
        {
            Add(LintSeverity.Info, ingress, source, $"path {path.Path}", "ingress-nginx makes a pattern of it, because another Ingress of the host uses patterns; Kn compares it by elements, and with its case");
        }
    }

    private void Add(LintSeverity severity, IngressObject ingress, string source, string subject, string message) => Add(severity, IngressPlan.OriginOf(ingress), source, subject, message);

    private void Add(LintSeverity severity, string item, string source, string subject, string message) => _findings.Add(new LintFinding(severity, item, source, subject, message));
}

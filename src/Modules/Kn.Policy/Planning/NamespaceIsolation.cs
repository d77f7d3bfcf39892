using System.Text;
using System.Text.Json;
using Kn.Kubernetes.Objects;

namespace Kn.Policy.Planning;

/// <summary>What isolates all pods of a namespace without a policy: the node's config, and the annotation of the years before NetworkPolicy.</summary>
internal static class NamespaceIsolation
{
    /// <summary>The annotation <c>{"ingress":{"isolation":"DefaultDeny"}}</c>, a beta of Kubernetes 1.3 that Calico and others still read.</summary>
    public const string Annotation = "net.beta.kubernetes.io/network-policy";

    /// <summary>Whether the config isolates the namespace's pods.</summary>
    public static bool ByConfig(PolicyOptions options, string @namespace) =>
        options.DefaultDeny.Enabled && !options.DefaultDeny.ExemptNamespaces.Contains(@namespace);

    /// <summary>Whether the annotation isolates them for ingress.</summary>
    public static bool ByAnnotation(Namespace? @namespace) =>
        @namespace is not null && @namespace.Metadata.Annotations.TryGetValue(Annotation, out var text) && IsDefaultDeny(text);

    /// <summary>Whether all pods of a namespace are isolated in a direction, whatever its policies say.</summary>
    public static bool Holds(PolicyOptions options, string name, Namespace? @namespace, PolicyDirection direction) =>
        ByConfig(options, name) || (direction == PolicyDirection.Ingress && ByAnnotation(@namespace));

    private static bool IsDefaultDeny(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(Encoding.UTF8.GetBytes(text));
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("ingress"u8, out var ingress)
                && ingress.ValueKind == JsonValueKind.Object
                && ingress.TryGetProperty("isolation"u8, out var isolation)
                && isolation.ValueKind == JsonValueKind.String
                && isolation.ValueEquals("DefaultDeny"u8);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

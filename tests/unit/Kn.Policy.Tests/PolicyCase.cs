using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.Policy.Tests;

/// <summary>One rule of the API's semantics: objects, and what passes.</summary>
/// <param name="Name">The rule.</param>
/// <param name="Objects">What is added to the base cluster, or takes the place of an object of it.</param>
/// <param name="Flows">Lines such as <c>yes a/web -> b/web TCP 80</c>.</param>
internal sealed record PolicyCase(string Name, KubernetesObject[] Objects, string[] Flows)
{
    /// <summary>The options; null for the defaults.</summary>
    public PolicyOptions? Options { get; init; }

    public ClusterSnapshot Cluster => ClusterSnapshot.Of(Cases.BaseObjects.Concat(Objects));

    public override string ToString() => Name;
}

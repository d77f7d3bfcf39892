namespace Kn.Kubernetes.Cache;

/// <summary>Where a kind is found in the API.</summary>
/// <param name="Group">API group; empty for core.</param>
/// <param name="Version">Version of the group.</param>
/// <param name="Plural">The resource's name in paths.</param>
public record ResourceKind(string Group, string Version, string Plural);

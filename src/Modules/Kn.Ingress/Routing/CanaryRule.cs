namespace Kn.Ingress.Routing;

/// <summary>A backend that gets some of a rule's requests.</summary>
/// <param name="Backend">The backend; null for somewhere that Kn cannot go.</param>
/// <param name="Settings">Which requests.</param>
/// <param name="Origin">The object that asks for it.</param>
internal sealed record CanaryRule(BackendRef? Backend, CanarySettings Settings, string Origin);

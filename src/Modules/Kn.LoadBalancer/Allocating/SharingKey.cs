using Kn.Kubernetes.Objects;

namespace Kn.LoadBalancer.Allocating;

/// <summary>Services share an address when they have the same key (an annotation), and the same backends: all of them policy Cluster, where any node
/// can answer for each, or the same pods, so that the node that has the address has an endpoint of each.</summary>
/// <param name="Key">The annotation; empty for a Service that shares with nobody.</param>
/// <param name="Backends">Empty for policy Cluster, else the selector.</param>
/// <remarks>MetalLB, "IP address sharing".</remarks>
internal readonly record struct SharingKey(string Key, string Backends)
{
    public static SharingKey Of(Service service) => new(
        LbAnnotations.SharingOf(service),
        service.ExternalTrafficPolicyLocal
            ? "local:" + string.Join(',', (service.Selector ?? default).Select(static pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal))
            : "");
}

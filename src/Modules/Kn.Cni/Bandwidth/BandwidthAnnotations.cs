using Kn.Cni.Protocol;
using Kn.Kubernetes.Objects;

namespace Kn.Cni.Bandwidth;

/// <summary>Limits of bandwidth that a pod asks for by annotation. Pure.</summary>
/// <remarks>Kubernetes documentation, "Network plugins, support traffic shaping". containerd and CRI-O read them themselves and hand over the
/// capability <c>bandwidth</c>, which wins; this is for runtimes that do not.</remarks>
internal static class BandwidthAnnotations
{
    /// <summary>What the pod may receive, in bits a second.</summary>
    public const string Ingress = "kubernetes.io/ingress-bandwidth";

    /// <summary>What the pod may send.</summary>
    public const string Egress = "kubernetes.io/egress-bandwidth";

    /// <summary>What the pod asks for; null when it does not.</summary>
    /// <exception cref="CniException">Code 7: a value is not a quantity, or not from 1k to 1P.</exception>
    public static BandwidthLimits? Read(Pod pod)
    {
        var ingress = Read(pod, Ingress);
        var egress = Read(pod, Egress);
        return ingress is null && egress is null ? null : new BandwidthLimits(ingress, egress);
    }

    private static RateLimit? Read(Pod pod, string name)
    {
        if (pod.Metadata.Annotations.Find(name) is not { } text)
        {
            return null;
        }

        return Quantity.TryParse(text, out var rate) && rate is >= RateLimit.MinRate and <= RateLimit.MaxRate
            ? new RateLimit((ulong)rate)
            : throw new CniException(CniErrorCode.InvalidConfig, $"annotation {name} of pod {pod.Key}: expected bits per second from 1k to 1P, such as 10M");
    }
}

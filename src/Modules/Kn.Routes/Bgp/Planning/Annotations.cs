using Kn.Kubernetes.Objects;

namespace Kn.Routes.Bgp.Planning;

/// <summary>Kn's own annotations, and kube-router's of the same names, so that its users can switch. Pure.</summary>
internal static class Annotations
{
    /// <summary>Ours; it wins.</summary>
    public const string Own = "kn.internal/";

    /// <summary>kube-router's.</summary>
    public const string KubeRouter = "kube-router.io/";

    /// <summary>The value of an annotation with its whole name; null when it is not there.</summary>
    public static (string Name, string Value)? Find(KubernetesObject item, string name) =>
        item.Metadata.Annotations.Find(Own + name) is { } own ? (Own + name, own)
        : item.Metadata.Annotations.Find(KubeRouter + name) is { } other ? (KubeRouter + name, other)
        : null;

    /// <summary>Whether any annotation of either kind begins so.</summary>
    public static bool HasAny(KubernetesObject item)
    {
        foreach (var (name, _) in item.Metadata.Annotations)
        {
            if (name.StartsWith(Own, StringComparison.Ordinal) || name.StartsWith(KubeRouter, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}

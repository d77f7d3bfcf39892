using Kn.Kubernetes.Objects;

namespace Kn.Ingress.Planning;

/// <summary>Who wins where two objects ask for the same: the older, then the one whose name sorts first. So nobody takes a path away from
/// somebody who has it.</summary>
internal static class Seniority
{
    /// <summary>Below zero when the first wins.</summary>
    public static int Compare(KubernetesObject left, KubernetesObject right)
    {
        var age = (left.Metadata.CreationTimestamp ?? DateTimeOffset.MaxValue).CompareTo(right.Metadata.CreationTimestamp ?? DateTimeOffset.MaxValue);
        if (age != 0)
        {
            return age;
        }

        var space = string.CompareOrdinal(left.Metadata.Namespace, right.Metadata.Namespace);
        return space != 0 ? space : string.CompareOrdinal(left.Metadata.Name, right.Metadata.Name);
    }
}

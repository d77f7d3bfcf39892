namespace Kn.Policy.Drops;

/// <summary>Which drops a listener wants.</summary>
/// <param name="Namespace">Those that a pod of this namespace sent or was to get; empty for all.</param>
/// <param name="Pod">Those that this pod, by name or NAMESPACE/NAME, sent or was to get; empty for all.</param>
internal sealed record DropFilter(string Namespace, string Pod)
{
    /// <summary>Whether it is wanted.</summary>
    public bool Wants(PolicyDrop drop) => Wants(drop.Source.Pod) || Wants(drop.Destination.Pod);

    private bool Wants(string? pod)
    {
        if (Namespace.Length == 0 && Pod.Length == 0)
        {
            return true;
        }

        return pod is not null
            && (Namespace.Length == 0 || (pod.StartsWith(Namespace, StringComparison.Ordinal) && pod[Namespace.Length] == '/'))
            && (Pod.Length == 0 || string.Equals(Pod.Contains('/', StringComparison.Ordinal) ? pod : pod[(pod.IndexOf('/', StringComparison.Ordinal) + 1)..], Pod, StringComparison.Ordinal));
    }
}

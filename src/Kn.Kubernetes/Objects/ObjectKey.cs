namespace Kn.Kubernetes.Objects;

/// <summary>What names an object within its kind. Cluster-scoped objects have an empty namespace.</summary>
public readonly record struct ObjectKey(string Namespace, string Name)
{
    /// <summary>'namespace/name', or 'name' for cluster-scoped objects.</summary>
    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}

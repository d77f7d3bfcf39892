namespace Kn.Kubernetes.Manifests;

/// <summary>A file that holds no manifests, or an object that is not what its kind says.</summary>
public sealed class ManifestException(string message, Exception cause) : Exception(message, cause);

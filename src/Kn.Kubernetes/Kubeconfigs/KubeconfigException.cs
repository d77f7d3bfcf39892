namespace Kn.Kubernetes.Kubeconfigs;

/// <summary>A kubeconfig cannot be used; the message names the file, the field and what to do.</summary>
public sealed class KubeconfigException(string file, string field, string problem, Exception? innerException = null)
    : Exception($"{file}: {(field.Length == 0 ? "" : field + ": ")}{problem}", innerException)
{
    /// <summary>The kubeconfig at fault.</summary>
    public string File { get; } = file;

    /// <summary>Path of the field, such as users[admin].user.exec; empty for the file as a whole.</summary>
    public string Field { get; } = field;
}

namespace Kn.Kubernetes.Kubeconfigs;

/// <summary>Bytes that a kubeconfig holds inline or keeps in a file: a certificate, a key, a token.</summary>
/// <param name="Inline">The bytes; null when they are in a file.</param>
/// <param name="File">Absolute path; null when they are inline.</param>
/// <param name="Field">The kubeconfig's field, for error messages.</param>
public sealed record PemSource(ReadOnlyMemory<byte>? Inline, string? File, string Field)
{
    /// <summary>The bytes, read anew where they are in a file.</summary>
    /// <exception cref="KubeconfigException">The file cannot be read.</exception>
    public ReadOnlyMemory<byte> Read()
    {
        if (Inline is { } bytes)
        {
            return bytes;
        }

        var path = File ?? "";
        try
        {
            return System.IO.File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new KubeconfigException(path, Field, error.Message, error);
        }
    }

    /// <summary>Where it is; never the content.</summary>
    public override string ToString() => File ?? $"inline {Field}";
}

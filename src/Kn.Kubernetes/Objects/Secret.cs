using System.Text;
using Kn.Primitives;

namespace Kn.Kubernetes.Objects;

/// <summary>core/v1 Secret. Never written to the disk, and never to a log: its text names the values only.</summary>
public sealed record Secret : KubernetesObject
{
    /// <summary>type of a certificate with its key.</summary>
    public const string TlsType = "kubernetes.io/tls";

    /// <summary>data key of a certificate chain, in PEM.</summary>
    public const string CertificateKey = "tls.crt";

    /// <summary>data key of a private key, in PEM.</summary>
    public const string PrivateKeyKey = "tls.key";

    /// <summary>type.</summary>
    public string Type { get; init; } = "Opaque";

    /// <summary>data, in base64 as it came: what is wrong with a value is the business of who uses it.</summary>
    public ValueMap<string, string> Data { get; init; }

    /// <summary>A value of <see cref="Data"/>; false when there is none, or it is not base64.</summary>
    public bool TryGet(string key, out byte[] value)
    {
        value = [];
        if (!Data.TryGetValue(key, out var text))
        {
            return false;
        }

        var buffer = new byte[(text.Length * 3 / 4) + 3];
        if (!Convert.TryFromBase64String(text, buffer, out var length))
        {
            return false;
        }

        value = buffer[..length];
        return true;
    }

    /// <summary>What a record's text is made of: everything but the values.</summary>
    protected override bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Key = ").Append(Key).Append(", Type = ").Append(Type).Append(", Data = ");
        builder.Append(string.Join(", ", Data.Keys));
        return true;
    }
}

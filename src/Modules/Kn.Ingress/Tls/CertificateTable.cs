using System.Text;
using Kn.Ingress.Routing;
using Kn.Linux.Tls;

namespace Kn.Ingress.Tls;

/// <summary>Which certificate is for which host, at one moment. Never changed: a change makes a new table.</summary>
internal sealed class CertificateTable
{
    private readonly ByteTable<TlsCertificate> _hosts;

    private CertificateTable(ByteTable<TlsCertificate> hosts) => _hosts = hosts;

    /// <summary>The table without certificates.</summary>
    public static CertificateTable Empty { get; } = new(new ByteTable<TlsCertificate>([]));

    /// <summary>How many hosts.</summary>
    public int Count => _hosts.Count;

    /// <summary>A table of all of these at once.</summary>
    public static CertificateTable Of(IEnumerable<KeyValuePair<string, TlsCertificate>> hosts) =>
        new(new ByteTable<TlsCertificate>(hosts.Select(static host => KeyValuePair.Create(Key(host.Key), host.Value)).ToList()));

    /// <summary>The table with one host's certificate replaced; without it where it is null.</summary>
    /// <param name="host">In lower case; *.example.org for a wildcard.</param>
    /// <param name="certificate">The certificate.</param>
    public CertificateTable With(string host, TlsCertificate? certificate) => new(_hosts.With(Key(host), certificate));

    /// <summary>The certificate of a host: its own before that of a wildcard of one label; null for none.</summary>
    /// <param name="host">As <see cref="Http.HostName.Normalize"/> writes it.</param>
    public TlsCertificate? Find(ReadOnlySpan<byte> host)
    {
        // A name that begins with a dot would be a wildcard's key.
        var dot = host.IndexOf((byte)'.');
        return host.IsEmpty || dot == 0 ? null : _hosts.Find(host) ?? (dot < 0 ? null : _hosts.Find(host[dot..]));
    }

    /// <summary>A wildcard's key is what follows its star.</summary>
    private static byte[] Key(string host) => Encoding.UTF8.GetBytes(host.StartsWith("*.", StringComparison.Ordinal) ? host[1..] : host);
}

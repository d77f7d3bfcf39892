using Kn.Hosting.Reconciling;
using Kn.Ingress.Http;
using Kn.Linux.Tls;
using Kn.Primitives;

namespace Kn.Ingress.Tls;

/// <summary>The certificates that clients are shown now. Written by the control plane; read in the middle of handshakes, by every thread without a lock.</summary>
/// <remarks>A connection has the certificate that it was shown for as long as it lives: a change concerns the next handshake alone.</remarks>
internal sealed class LiveCertificates : ITlsCertificates
{
    /// <summary>The host that stands for the certificate of all other hosts.</summary>
    public const string Default = "";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, HostCertificate> _pieces = [];
    private CertificateTable _current = CertificateTable.Empty;
    private TlsCertificate? _fallback;
    private TlsCertificate? _default;

    /// <summary>How many hosts have a certificate.</summary>
    public int HostCount => Volatile.Read(ref _current).Count;

    /// <summary>When the first of them ends; null where there are none.</summary>
    public DateTimeOffset? FirstEnd
    {
        get
        {
            lock (_lock)
            {
                DateTimeOffset? first = null;
                foreach (var piece in _pieces.Values)
                {
                    first = first is null || piece.Certificate.NotAfter < first ? piece.Certificate.NotAfter : first;
                }

                return first;
            }
        }
    }

    /// <summary>What is shown to whom, as it was planned.</summary>
    public ValueMap<string, HostCertificate> Pieces
    {
        get
        {
            lock (_lock)
            {
                return _pieces.ToValueMap();
            }
        }
    }

    /// <summary>What is shown for hosts that have no certificate while no Secret has one for them.</summary>
    public void SetFallback(TlsCertificate certificate) => Volatile.Write(ref _fallback, certificate);

    /// <summary>A host's certificate as it was planned; null where there is none.</summary>
    public HostCertificate? PieceOf(string host)
    {
        lock (_lock)
        {
            return _pieces.GetValueOrDefault(host);
        }
    }

    /// <inheritdoc/>
    public TlsCertificate? Find(ReadOnlySpan<byte> serverName) => FindOwn(serverName) ?? Volatile.Read(ref _default) ?? Volatile.Read(ref _fallback);

    /// <summary>Whether there is a certificate for this very host.</summary>
    public bool HasOwn(ReadOnlySpan<byte> serverName) => FindOwn(serverName) is not null;

    /// <summary>Makes changes.</summary>
    public void Apply(IReadOnlyList<Change<string, HostCertificate>> changes)
    {
        // From so many changes on the table is made anew: each single one copies its array.
        const int BulkFrom = 64;
        lock (_lock)
        {
            var table = _current;
            foreach (var change in changes)
            {
                if (change.After is { } piece)
                {
                    _pieces[change.Key] = piece;
                }
                else
                {
                    _pieces.Remove(change.Key);
                }

                table = change.Key.Length > 0 && changes.Count < BulkFrom ? table.With(change.Key, change.After?.Certificate) : table;
            }

            var all = _pieces.Where(static piece => piece.Key.Length > 0).Select(static piece => KeyValuePair.Create(piece.Key, piece.Value.Certificate));
            Volatile.Write(ref _current, changes.Count < BulkFrom ? table : CertificateTable.Of(all));
            Volatile.Write(ref _default, _pieces.GetValueOrDefault(Default)?.Certificate);
        }
    }

    private TlsCertificate? FindOwn(ReadOnlySpan<byte> serverName)
    {
        if (serverName.Length > HostName.MaxLength)
        {
            return null;
        }

        Span<byte> host = stackalloc byte[HostName.MaxLength];
        return Volatile.Read(ref _current).Find(host[..HostName.Normalize(serverName, host)]);
    }
}

/// <summary>What a host's clients are shown.</summary>
/// <param name="Secret">Where it comes from.</param>
/// <param name="Certificate">The certificate; the same object for as long as the Secret does not change.</param>
internal sealed record HostCertificate(Kubernetes.Objects.ObjectKey Secret, TlsCertificate Certificate);

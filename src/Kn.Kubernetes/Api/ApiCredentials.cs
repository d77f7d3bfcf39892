using System.Text;
using Kn.Kubernetes.Kubeconfigs;

namespace Kn.Kubernetes.Api;

/// <summary>The connections and the token in use; looks at the files behind them now and then, and follows when they change.</summary>
internal sealed class ApiCredentials(ApiConnection connection, TimeProvider time) : IDisposable
{
    // Bound tokens and certificates are renewed minutes to weeks before they end; a file is looked at this often, when there is a request.
    private static readonly TimeSpan s_lookInterval = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new();
    private readonly bool _hasCertificateFiles =
        (connection.CertificateAuthority?.File ?? connection.ClientCertificate?.File ?? connection.ClientKey?.File) is not null;

    private ApiTransport? _transport;
    private string? _token;
    private long _lookedAt;

    /// <summary>What to send a request with.</summary>
    /// <exception cref="KubeconfigException">A file cannot be used, and nothing usable was read before.</exception>
    public (ApiTransport Transport, string? Token) Current()
    {
        lock (_gate)
        {
            if (_transport is null || time.GetElapsedTime(_lookedAt) >= s_lookInterval)
            {
                Refresh();
            }

            return (_transport ?? throw new ObjectDisposedException(nameof(ApiCredentials)), _token);
        }
    }

    /// <summary>Looks at the files again with the next request: the server did not like what it got.</summary>
    public void Doubt()
    {
        lock (_gate)
        {
            _lookedAt = time.GetTimestamp() - (long)(s_lookInterval.TotalSeconds * time.TimestampFrequency) - 1;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _transport?.Dispose();
            _transport = null;
        }
    }

    private void Refresh()
    {
        _lookedAt = time.GetTimestamp();
        _token = ReadToken() ?? _token;
        if (_transport is null)
        {
            _transport = ApiTransport.Create(connection);
        }
        else if (_hasCertificateFiles && !_transport.IsCurrent(connection))
        {
            Replace(_transport);
        }
    }

    private void Replace(ApiTransport old)
    {
        try
        {
            _transport = ApiTransport.Create(connection);
            old.Dispose();
        }
        catch (KubeconfigException)
        {
            // A renewal caught half-way, certificate new and key old: the old pair serves until the files fit again.
        }
    }

    private string? ReadToken()
    {
        try
        {
            var text = connection.Token is { } source ? Encoding.UTF8.GetString(source.Read().Span).Trim() : null;
            return string.IsNullOrEmpty(text) ? null : text;
        }
        catch (KubeconfigException) when (_token is not null)
        {
            return null;
        }
    }
}

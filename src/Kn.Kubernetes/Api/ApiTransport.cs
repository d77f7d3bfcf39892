using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kn.Kubernetes.Kubeconfigs;

namespace Kn.Kubernetes.Api;

/// <summary>Connections made with one set of credentials; replaced as a whole when the files that hold them change.</summary>
internal sealed class ApiTransport : IDisposable
{
    // As client-go: a dead connection is noticed within 45 s (golang.org/x/net/http2 ReadIdleTimeout 30 s, PingTimeout 15 s).
    private static readonly TimeSpan s_pingAfterSilence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pingTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(10);
    private readonly HttpMessageInvoker _invoker;
    private readonly byte[] _fingerprint;

    private ApiTransport(HttpMessageInvoker invoker, byte[] fingerprint)
    {
        _invoker = invoker;
        _fingerprint = fingerprint;
    }

    /// <summary>Reads the certificates and prepares connections; connects to nothing yet.</summary>
    /// <exception cref="KubeconfigException">A file cannot be read or does not hold what its field says.</exception>
    public static ApiTransport Create(ApiConnection connection)
    {
        var fingerprint = FingerprintOf(connection);
        // No AutomaticDecompression, which is None anyway: whoever sets it links Brotli and deflate, 0.6 MB.
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = s_pingAfterSilence,
            KeepAlivePingTimeout = s_pingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            ConnectTimeout = s_connectTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = ConnectAsync,
            SslOptions = TlsOptions(connection),
        };
        if (connection.Proxy is { } proxy)
        {
            handler.Proxy = new OneProxy(proxy);
        }

        return new ApiTransport(new HttpMessageInvoker(handler), fingerprint);
    }

    /// <summary>True while the certificate files hold what these connections were made with; also when they cannot be read just now.</summary>
    public bool IsCurrent(ApiConnection connection)
    {
        try
        {
            return FingerprintOf(connection).AsSpan().SequenceEqual(_fingerprint);
        }
        catch (KubeconfigException)
        {
            return true;
        }
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _invoker.SendAsync(request, cancellationToken);

    /// <summary>Lets running requests finish on their connection and makes no more.</summary>
    public void Dispose() => _invoker.Dispose();

    private static byte[] FingerprintOf(ApiConnection connection)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var source in (ReadOnlySpan<PemSource?>)[connection.CertificateAuthority, connection.ClientCertificate, connection.ClientKey])
        {
            var bytes = source?.Read() ?? default;
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes.Span);
        }

        return hash.GetHashAndReset();
    }

    // TCP keep-alive notices a dead peer where HTTP/1.1 has no pings.
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            // Only now: before .NET 10 a socket with these options cannot try a host's second address.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)s_pingAfterSilence.TotalSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SslClientAuthenticationOptions TlsOptions(ApiConnection connection)
    {
        var options = new SslClientAuthenticationOptions();
        if (connection.InsecureSkipTlsVerify)
        {
#pragma warning disable CA5359 // The operator asked for exactly this: insecure-skip-tls-verify.
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (connection.CertificateAuthority is { } authority)
        {
            options.CertificateChainPolicy = TrustOnly(authority);
        }

        if (connection is { ClientCertificate: { } certificate, ClientKey: { } key })
        {
            options.ClientCertificateContext = ClientCertificate(certificate, key);
        }

        return options;
    }

    private static X509ChainPolicy TrustOnly(PemSource authority)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(Certificates(authority));
        return policy;
    }

    private static SslStreamCertificateContext ClientCertificate(PemSource certificate, PemSource key)
    {
        var chain = Certificates(certificate);
        try
        {
            var own = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(certificate.Read().Span), Encoding.UTF8.GetString(key.Read().Span));
            chain.RemoveAt(0);
            return SslStreamCertificateContext.Create(own, chain, offline: true);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new KubeconfigException(key.ToString(), key.Field, "no private key (RSA or EC, unencrypted PEM) that fits the client certificate: " + error.Message, error);
        }
    }

    private static X509Certificate2Collection Certificates(PemSource source)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(Encoding.UTF8.GetString(source.Read().Span));
        }
        catch (CryptographicException error)
        {
            throw new KubeconfigException(source.ToString(), source.Field, "not a PEM certificate: " + error.Message, error);
        }

        return certificates.Count > 0 ? certificates : throw new KubeconfigException(source.ToString(), source.Field, "holds no PEM certificate");
    }

    /// <summary>The kubeconfig's proxy-url, for every address. WebProxy would watch the network's changes, to know which names are local.</summary>
    private sealed class OneProxy(Uri proxy) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri GetProxy(Uri destination) => proxy;

        public bool IsBypassed(Uri host) => false;
    }
}

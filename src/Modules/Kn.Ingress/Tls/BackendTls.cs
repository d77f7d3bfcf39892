using System.Collections.Concurrent;
using Kn.Ingress.Proxying;
using Kn.Ingress.Routing;
using Kn.Linux.Streams;
using Kn.Linux.Tls;
using Microsoft.Extensions.Logging;

namespace Kn.Ingress.Tls;

/// <summary>TLS towards backends. What connections share is made once for each way to speak it, whatever the number of backends. Thread-safe.</summary>
/// <param name="logger">Is told once why there is no TLS.</param>
internal sealed class BackendTls(ILogger logger)
{
    private readonly ConcurrentDictionary<(bool Verifies, bool IsHttp2), TlsClientContext> _contexts = [];
    private int _isTold;

    /// <summary>The bytes of a connection that has just begun; null when there is no TLS, and the socket is closed.</summary>
    /// <param name="tls">How it is spoken.</param>
    /// <param name="socket">The transport's from now on.</param>
    /// <param name="isHttp2">Whether HTTP/2 is to be spoken inside.</param>
    public ITransport? Begin(UpstreamTls tls, StreamSocket socket, bool isHttp2 = false)
    {
        try
        {
            var context = _contexts.GetOrAdd(
                (tls.Verifies, isHttp2), static key => new TlsClientContext(new TlsClientSettings { Verifies = key.Verifies, Protocols = [key.IsHttp2 ? "h2" : "http/1.1"] }));
            return new TlsTransport(context.Connect(socket, tls.ServerName));
        }
        catch (TlsException exception)
        {
            socket.Dispose();
            if (Interlocked.Exchange(ref _isTold, 1) == 0)
            {
                IngressLog.NoBackendTls(logger, exception.Message);
            }

            return null;
        }
    }
}

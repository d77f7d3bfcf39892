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
    private readonly ConcurrentDictionary<bool, TlsClientContext> _contexts = [];
    private int _isTold;

    /// <summary>The bytes of a connection that has just begun; null when there is no TLS, and the socket is closed.</summary>
    public ITransport? Begin(UpstreamTls tls, StreamSocket socket)
    {
        try
        {
            var context = _contexts.GetOrAdd(tls.Verifies, static verifies => new TlsClientContext(new TlsClientSettings { Verifies = verifies, Protocols = ["http/1.1"] }));
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

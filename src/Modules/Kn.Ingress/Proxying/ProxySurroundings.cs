using Kn.Hosting.Metrics;
using Kn.Ingress.Planning;
using Kn.Ingress.Tls;
using Kn.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Kn.Ingress.Proxying;

/// <summary>What the engine has of the world around it. For all its threads.</summary>
internal sealed class ProxySurroundings(LiveRoutes routes, TimeProvider time, ILogger logger)
{
    private readonly long _start = time.GetTimestamp();
    private int _faults;
    private int _descriptors;

    /// <summary>The routes.</summary>
    public LiveRoutes Routes => routes;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>The network namespace that backends are in; null for the process's own. For tests.</summary>
    public NetworkNamespace? Inside { get; init; }

    /// <summary>How long requests took; null for nobody who wants to know.</summary>
    public Histogram? Seconds { get; init; }

    /// <summary>TLS; null for none.</summary>
    public TlsFront? Tls { get; init; }

    /// <summary>TLS towards backends.</summary>
    public BackendTls BackendTls { get; } = new(logger);

    /// <summary>Where requests are told of; null for nowhere.</summary>
    public AccessLog? AccessLog { get; init; }

    /// <summary>Milliseconds since the start.</summary>
    public long Milliseconds => (long)time.GetElapsedTime(_start).TotalMilliseconds;

    /// <summary>Tells of the first fault; the others are counted.</summary>
    public void Fault(Exception exception)
    {
        if (Interlocked.Exchange(ref _faults, 1) == 0)
        {
            IngressLog.Fault(logger, exception);
        }
    }

    /// <summary>Tells once that the process may not have more connections.</summary>
    public void NoDescriptors()
    {
        if (Interlocked.Exchange(ref _descriptors, 1) == 0)
        {
            IngressLog.NoDescriptors(logger);
        }
    }
}

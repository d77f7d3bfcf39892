namespace Kn.ServiceProxy.Health;

/// <summary>Whether the proxy keeps up: kube-proxy's rule. Thread-safe.</summary>
/// <remarks>Healthy while nothing waits, and while what waits has not waited for longer than <see cref="Timeout"/>; also from the start
/// until the first update, as then nobody can say.</remarks>
internal sealed class ProxyHealth(TimeProvider time)
{
    /// <summary>kube-proxy's: twice its longest time between two updates.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private DateTimeOffset? _queuedAt;
    private DateTimeOffset? _updatedAt;

    /// <summary>Something is to be done.</summary>
    public void Queued()
    {
        lock (_lock)
        {
            _queuedAt ??= time.GetUtcNow();
        }
    }

    /// <summary>Everything is done.</summary>
    public void Updated()
    {
        lock (_lock)
        {
            _queuedAt = null;
            _updatedAt = time.GetUtcNow();
        }
    }

    /// <summary>The verdict of now, and when everything was done last.</summary>
    public (bool IsHealthy, DateTimeOffset UpdatedAt, DateTimeOffset Now) Read()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            return (_updatedAt is null || _queuedAt is null || now - _queuedAt < Timeout, _updatedAt ?? default, now);
        }
    }
}

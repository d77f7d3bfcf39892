using Kn.Hosting.Services;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.Dns.Zone;

/// <summary>Holds a new Service's name back until the node's Service proxy serves its addresses: who resolves a name connects at once.</summary>
/// <param name="programmed">What the proxy has put in place.</param>
/// <param name="current">The cluster as it is now: a Service that is gone again is not waited for.</param>
/// <param name="limit">How long at most: a proxy that fails must not take the names with it.</param>
/// <param name="time">The clock.</param>
internal sealed class ServiceGate(ProgrammedServices programmed, Func<ClusterSnapshot> current, TimeSpan limit, TimeProvider time)
{
    /// <summary>Waits until all of these can be reached; true when they can, false when the time is up.</summary>
    public async Task<bool> WaitAsync(IReadOnlyList<ObjectKey> services, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await programmed.WhenAsync(settled => services.All(service => IsReached(settled, service)), either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private bool IsReached(ClusterSnapshot settled, ObjectKey key) => current().Services.Find(key) is not { } service
        || (settled.Services.Find(key) is { } reached && reached.ClusterIps == service.ClusterIps);
}

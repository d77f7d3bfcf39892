using Kn.Kubernetes.Events;

namespace Kn.Hosting.Events;

/// <summary>Where modules tell the cluster what happened, as Events. What many would want to know goes here, what an operator of the node wants to
/// know goes to the log, numbers go to the metrics.</summary>
public interface IEventRecorder
{
    /// <summary>Takes note; returns at once, never throws, and promises nothing: with the API server away for long, Events are dropped.</summary>
    void Record(ClusterEvent item);
}

/// <summary>A recorder that nobody hears: for tests, and until there is an agent.</summary>
public sealed class UnheardEvents : IEventRecorder
{
    /// <inheritdoc/>
    public void Record(ClusterEvent item)
    {
    }
}

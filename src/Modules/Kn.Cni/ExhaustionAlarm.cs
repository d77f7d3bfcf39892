using Kn.Cni.Protocol;
using Kn.Hosting.Events;
using Kn.Kubernetes.Events;

namespace Kn.Cni;

/// <summary>Tells the cluster that a node has no address left for a pod: on the pod, for whoever waits for it, and on the node, for whoever
/// chose the podCIDRs.</summary>
internal sealed class ExhaustionAlarm(string node, IEventRecorder events, CniMetrics metrics)
{
    /// <summary>An ADD was refused.</summary>
    public void Raise(CniRequest request, CniException refusal)
    {
        metrics.Exhausted.Increment();
        if (request.Arguments.Pod is { } pod)
        {
            events.Record(new ClusterEvent(EventSubject.Pod(pod, request.Arguments.PodUid), IsWarning: true, "AddressesExhausted", refusal.Message));
        }

        events.Record(new ClusterEvent(EventSubject.Node(node), IsWarning: true, "PodAddressesExhausted", refusal.Message));
    }
}

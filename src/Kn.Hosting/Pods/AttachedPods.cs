using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Hosting.Pods;

/// <summary>The pods that CNI attached to this node, and their addresses. The API learns of an address when the kubelet reports the pod's status; here
/// it is known before the pod's first packet, and at a restart before anything was heard of the API. Thread-safe.</summary>
/// <remarks>The module Cni says it, the module Policy asks. Where Cni does not run, nobody says anything and nobody waits.</remarks>
public sealed class AttachedPods
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, AttachedPod> _byLink = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _known = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action<AttachedPod>? _changed;
    private bool _isExpected;

    /// <summary>Every attached pod, in no particular order.</summary>
    public ValueList<AttachedPod> All
    {
        get
        {
            lock (_lock)
            {
                return _byLink.Values.ToValueList();
            }
        }
    }

    /// <summary>Calls a handler for each pod that is there, and from now on for each that comes or goes, in order, on the thread that said so. It must be quick
    /// and must not throw; inside of it <see cref="All"/> is what led to the call.</summary>
    public void Follow(Action<AttachedPod> handler)
    {
        lock (_lock)
        {
            foreach (var pod in _byLink.Values)
            {
                handler(pod);
            }

            _changed += handler;
        }
    }

    /// <summary>Ends <see cref="Follow"/>.</summary>
    public void Unfollow(Action<AttachedPod> handler)
    {
        lock (_lock)
        {
            _changed -= handler;
        }
    }

    /// <summary>Says that pods will be told of: whoever needs to know them waits for <see cref="Replace"/>.</summary>
    public void Expect()
    {
        lock (_lock)
        {
            _isExpected = true;
        }
    }

    /// <summary>Done when the pods that run are known, or nobody is expected to tell of any.</summary>
    public Task WhenKnownAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _isExpected ? _known.Task.WaitAsync(cancellationToken) : Task.CompletedTask;
        }
    }

    /// <summary>Says which pods run: what a start found.</summary>
    public void Replace(IEnumerable<AttachedPod> pods)
    {
        lock (_lock)
        {
            var gone = new Dictionary<string, AttachedPod>(_byLink, StringComparer.Ordinal);
            foreach (var pod in pods)
            {
                gone.Remove(pod.HostLink);
                Put(pod);
            }

            foreach (var link in gone.Keys)
            {
                Remove(link);
            }
        }

        _known.TrySetResult();
    }

    /// <summary>A pod has these addresses now.</summary>
    public void Set(AttachedPod pod)
    {
        lock (_lock)
        {
            Put(pod);
        }
    }

    /// <summary>The pod of that link is gone.</summary>
    public void Remove(string hostLink)
    {
        lock (_lock)
        {
            if (_byLink.Remove(hostLink, out var gone))
            {
                _changed?.Invoke(gone);
            }
        }
    }

    private void Put(AttachedPod pod)
    {
        if (!_byLink.TryGetValue(pod.HostLink, out var before) || before != pod)
        {
            _byLink[pod.HostLink] = pod;
            _changed?.Invoke(pod);
        }
    }
}

/// <summary>A pod's interface on this node.</summary>
/// <param name="Pod">Namespace and name from CNI_ARGS; null when the runtime gave none, and the container is no pod of Kubernetes.</param>
/// <param name="Uid">The pod's UID; empty when the runtime did not give it.</param>
/// <param name="Addresses">Its addresses, one a family.</param>
/// <param name="HostLink">Name of its link on the node: one for each interface.</param>
public sealed record AttachedPod(ObjectKey? Pod, string Uid, ValueList<IpAddress> Addresses, string HostLink)
{
    /// <summary>UID of a static pod as the kubelet has it; the API's copy has one of its own (core/v1 MirrorPodAnnotationKey).</summary>
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    /// <summary>Whether an object of the API is this pod, and not another one of its name.</summary>
    public bool Is(Pod item) =>
        Pod == item.Key && (Uid.Length == 0 || item.Metadata.Uid == Uid || item.Metadata.Annotations.Find(MirrorAnnotation) == Uid);
}

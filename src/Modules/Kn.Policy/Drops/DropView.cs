using Kn.Kubernetes.Cache;
using Kn.Policy.Explaining;

namespace Kn.Policy.Drops;

/// <summary>Pods and policies as they were a moment ago, to name what is in packets. Thread-safe.</summary>
/// <remarks>To find pods by their addresses all of them are gone through; so this is done once a second at most, and only while packets are dropped.</remarks>
internal sealed class DropView(Func<ClusterSnapshot> cluster, PolicyOptions options, TimeProvider time)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private PolicyExplainer? _explainer;
    private long _madeAt;
    private bool _isInUse;

    /// <summary>The view, at most a second old.</summary>
    public PolicyExplainer Current()
    {
        lock (_lock)
        {
            _isInUse = true;
            var now = cluster();
            if (_explainer is null || (!_explainer.IsOf(now) && time.GetElapsedTime(_madeAt) >= Freshness))
            {
                _explainer = new PolicyExplainer(now, options, _explainer);
                _madeAt = time.GetTimestamp();
            }

            return _explainer;
        }
    }

    /// <summary>Lets go of the view where nobody has asked for it since the last call.</summary>
    public void Rest()
    {
        lock (_lock)
        {
            if (!_isInUse)
            {
                _explainer = null;
            }

            _isInUse = false;
        }
    }
}

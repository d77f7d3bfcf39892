using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;
using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy;

/// <summary>Is told what a target does: metrics, log and status hang on it. This one ignores everything.</summary>
internal class ProxyTargetObserver
{
    /// <summary>Everything is going to be read: until it is settled, nothing is known to be in place.</summary>
    public virtual void Reading()
    {
    }

    /// <summary>Everything is planned anew for this state.</summary>
    public virtual void Surveyed(ClusterSnapshot cluster)
    {
    }

    /// <summary>An object changed, and with it perhaps these pieces.</summary>
    public virtual void Told(ClusterSnapshot cluster, ObjectChange change, IReadOnlySet<ProxyKey> keys)
    {
    }

    /// <summary>Pieces are as they should be now.</summary>
    public virtual void Changed(Changes<ProxyKey, ProxyPiece> changes)
    {
    }

    /// <summary>Everything that was told is in place.</summary>
    public virtual void Settled()
    {
    }

    /// <summary>A batch was committed, or there was nothing to send.</summary>
    public virtual void Applied(ProxyBatch batch, TableState state, TimeSpan took)
    {
    }

    /// <summary>The kernel refused a batch.</summary>
    public virtual void Refused()
    {
    }

    /// <summary>A table was read and adopted.</summary>
    public virtual void Adopted(TableState state, ValueMap<ProxyKey, ProxyPiece> pieces)
    {
    }

    /// <summary>A table was read that is not of this layout; the next batch replaces it.</summary>
    public virtual void WillReplace(string found, string wanted)
    {
    }

    /// <summary>Conntrack was walked, and so many flows to removed endpoints were deleted.</summary>
    public virtual void FlowsForgotten(int flows, TimeSpan took)
    {
    }

    /// <summary>Flows to removed endpoints could not be deleted.</summary>
    public virtual void FlowsKept(string error)
    {
    }
}

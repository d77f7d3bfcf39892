using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy;

/// <summary>Is told what a target does: metrics, log and status hang on it. This one ignores everything.</summary>
internal class ProxyTargetObserver
{
    /// <summary>A batch was committed, or there was nothing to send.</summary>
    public virtual void Applied(ProxyBatch batch, TableState state, TimeSpan took)
    {
    }

    /// <summary>The kernel refused a batch.</summary>
    public virtual void Refused()
    {
    }

    /// <summary>A table was read and adopted.</summary>
    public virtual void Adopted(TableState state, StrayPiece? strays)
    {
    }

    /// <summary>A table was read that is not of this layout; the next batch replaces it.</summary>
    public virtual void WillReplace(string found, string wanted)
    {
    }

    /// <summary>Flows to removed endpoints were deleted.</summary>
    public virtual void FlowsForgotten(int flows)
    {
    }

    /// <summary>Flows to removed endpoints could not be deleted.</summary>
    public virtual void FlowsKept(string error)
    {
    }
}

using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy;

/// <summary>Is told what a target does: metrics, log and status hang on it. This one ignores everything.</summary>
internal class ProxyTargetObserver
{
    /// <summary>A batch was committed, or there was nothing to send.</summary>
    public virtual void Applied(ProxyBatch batch, TableState state)
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
}

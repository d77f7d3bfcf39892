namespace Kn.Hosting.Reconciling;

/// <summary>Tells when somebody else may have changed what a target owns (an nftables or rtnetlink notification that is not ours).</summary>
public interface IDriftSource
{
    /// <summary>Returns when there was a foreign change since the last call; what arrives between two calls is one signal.</summary>
    Task WaitForDriftAsync(CancellationToken cancellationToken);
}

using Kn.Kubernetes.Api;

namespace Kn.Kubernetes.Leases;

/// <summary>One Lease on the API server; tests keep it in memory.</summary>
public interface ILeaseStore
{
    /// <summary>The Lease as it is now; null when there is none.</summary>
    /// <exception cref="ApiException">No answer, or a refusal.</exception>
    Task<Lease?> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Makes it; returns it as stored.</summary>
    /// <exception cref="ApiException">409 when somebody was faster.</exception>
    Task<Lease> CreateAsync(Lease lease, CancellationToken cancellationToken);

    /// <summary>Writes over the version that the Lease was read with; returns it as stored.</summary>
    /// <exception cref="ApiException">409 when somebody was faster.</exception>
    Task<Lease> ReplaceAsync(Lease lease, CancellationToken cancellationToken);
}

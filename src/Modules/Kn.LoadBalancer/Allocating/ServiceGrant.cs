using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.LoadBalancer.Allocating;

/// <summary>What a Service gets.</summary>
/// <param name="Service">As it was seen.</param>
/// <param name="Addresses">In the order of its families; empty for none.</param>
/// <param name="Problem">What it asked for in vain; null for nothing.</param>
/// <param name="IsExhausted">True when there is just no address left.</param>
internal sealed record ServiceGrant(Service Service, ValueList<IpAddress> Addresses, string? Problem = null, bool IsExhausted = false)
{
    /// <summary>True when the status says something else.</summary>
    public bool NeedsWriting => !Service.LoadBalancerIngress.Select(static entry => entry.Ip).SequenceEqual(Addresses, EqualityComparer<IpAddress>.Default);
}

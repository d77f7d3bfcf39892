using Kn.Kubernetes.Objects;
using Kn.LoadBalancer.Allocating;
using Kn.Primitives;

namespace Kn.LoadBalancer.Announcing;

/// <summary>An address of Services' status, and who may announce it.</summary>
/// <param name="Address">The address.</param>
/// <param name="Pool">Its pool.</param>
/// <param name="Services">The Services that have it.</param>
/// <param name="IsLocal">True when one of them has externalTrafficPolicy Local.</param>
/// <param name="Candidates">The nodes that may announce it by ARP, the first that is alive does; empty where nobody may.</param>
internal sealed record AnnouncedAddress(IpAddress Address, AddressPool Pool, ValueList<ObjectKey> Services, bool IsLocal, ValueList<string> Candidates)
{
    /// <summary>The node that is to answer; null for none.</summary>
    public string? Owner(Func<string, bool> isAlive) => Candidates.FirstOrDefault(isAlive);
}

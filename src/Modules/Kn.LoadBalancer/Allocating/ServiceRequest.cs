using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.LoadBalancer.Allocating;

/// <summary>What a Service asks for.</summary>
internal sealed record ServiceRequest
{
    public required Service Service { get; init; }

    /// <summary>The families that it wants an address of, in its order.</summary>
    public required ValueList<IpFamily> Families { get; init; }

    /// <summary>Addresses that it asks for, at most one of each family.</summary>
    public ValueList<IpAddress> Addresses { get; init; }

    /// <summary>The pool that it asks for; empty for any.</summary>
    public string Pool { get; init; } = "";

    /// <summary>With whom it may share an address.</summary>
    public SharingKey Sharing { get; init; }

    /// <summary>Why it cannot be served at all; null where it can.</summary>
    public string? Problem { get; init; }

    public ObjectKey Key => Service.Key;

    public static ServiceRequest Of(Service service)
    {
        var families = FamiliesOf(service);
        var request = new ServiceRequest
        {
            Service = service,
            Families = families,
            Pool = LbAnnotations.PoolOf(service),
            Sharing = SharingKey.Of(service),
        };
        var text = LbAnnotations.AddressesOf(service);
        if (text.Length == 0)
        {
            return service.LoadBalancerIp is { IsAny: false } single ? request.With([single]) : request;
        }

        var addresses = new List<IpAddress>();
        foreach (var part in text.Split(','))
        {
            if (!IpAddress.TryParse(part.Trim(), out var address))
            {
                return request with { Problem = $"'{part.Trim()}' is not an address" };
            }

            addresses.Add(address);
        }

        // kube-vip's 0.0.0.0 asks for one by DHCP: here, for any.
        return request.With([.. addresses.Where(static address => !address.IsAny)]);
    }

    /// <summary>The address that it asks for in this family; null for any.</summary>
    public IpAddress? Wanted(IpFamily family)
    {
        foreach (var address in Addresses)
        {
            if (address.Family == family)
            {
                return address;
            }
        }

        return null;
    }

    private ServiceRequest With(IReadOnlyList<IpAddress> addresses)
    {
        foreach (var address in addresses)
        {
            if (!Families.Contains(address.Family))
            {
                return this with { Problem = $"{address} is of no family of this Service ({string.Join(", ", Families.Select(Word))})" };
            }

            if (addresses.Any(other => other != address && other.Family == address.Family))
            {
                return this with { Problem = $"a Service has one address of each family; two are asked for: {string.Join(", ", addresses)}" };
            }
        }

        return this with { Addresses = addresses.Distinct().ToValueList() };
    }

    public static string Word(IpFamily family) => family == IpFamily.V6 ? "IPv6" : "IPv4";

    private static ValueList<IpFamily> FamiliesOf(Service service)
    {
        var families = service.IpFamilies.IsEmpty ? service.ClusterIps.Select(static address => address.Family).Distinct().ToValueList() : service.IpFamilies;
        return families.IsEmpty ? [IpFamily.V4] : families;
    }
}

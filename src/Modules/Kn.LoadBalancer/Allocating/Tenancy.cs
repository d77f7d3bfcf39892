using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.LoadBalancer.Allocating;

/// <summary>Who has which address while a plan is made.</summary>
internal sealed class Tenancy
{
    private readonly Dictionary<IpAddress, List<ServiceRequest>> _tenants = [];
    private readonly Dictionary<SharingKey, SortedSet<IpAddress>> _shared = [];
    private readonly Dictionary<IpRange, IpAddress> _cursors = [];

    public IReadOnlyCollection<IpAddress> Addresses => _tenants.Keys;

    /// <summary>Why a Service cannot have the address; null when it can.</summary>
    public string? Refusal(IpAddress address, ServiceRequest request)
    {
        if (!_tenants.TryGetValue(address, out var tenants))
        {
            return null;
        }

        foreach (var tenant in tenants)
        {
            if (request.Sharing.Key.Length == 0 || tenant.Sharing.Key != request.Sharing.Key)
            {
                return $"{address} is {tenant.Key}'s, and the two do not share it by the same key";
            }

            if (tenant.Sharing != request.Sharing)
            {
                return $"{address} is {tenant.Key}'s: they can share it only with externalTrafficPolicy Cluster both, or with the same selector";
            }

            if (CommonPort(tenant.Service, request.Service) is { } port)
            {
                return $"{address} is {tenant.Key}'s, which has {port} there too";
            }
        }

        return null;
    }

    public void Add(IpAddress address, ServiceRequest request)
    {
        if (!_tenants.TryGetValue(address, out var tenants))
        {
            _tenants.Add(address, tenants = []);
        }

        tenants.Add(request);
        if (request.Sharing.Key.Length > 0)
        {
            if (!_shared.TryGetValue(request.Sharing, out var addresses))
            {
                _shared.Add(request.Sharing, addresses = []);
            }

            addresses.Add(address);
        }
    }

    public void Remove(IpAddress address, ServiceRequest request)
    {
        if (!_tenants.TryGetValue(address, out var tenants) || !tenants.Remove(request))
        {
            return;
        }

        if (tenants.Count == 0)
        {
            _tenants.Remove(address);
            if (_shared.TryGetValue(request.Sharing, out var shared))
            {
                shared.Remove(address);
            }

            _cursors.Clear();
        }
    }

    /// <summary>The address of a pool for a Service that wants none in particular: one that it may share, else the first that is free; null when there
    /// is none.</summary>
    public IpAddress? Find(AddressPool pool, IpFamily family, ServiceRequest request)
    {
        if (request.Sharing.Key.Length > 0 && _shared.TryGetValue(request.Sharing, out var shared))
        {
            foreach (var address in shared)
            {
                if (address.Family == family && pool.Contains(address) && Refusal(address, request) is null)
                {
                    return address;
                }
            }
        }

        foreach (var range in pool.Ranges)
        {
            if (range.Family == family && FirstFree(pool, range) is { } free)
            {
                return free;
            }
        }

        return null;
    }

    /// <summary>What is before the cursor is taken; addresses are only ever added while it stands.</summary>
    private IpAddress? FirstFree(AddressPool pool, IpRange range)
    {
        if (!_cursors.TryGetValue(range, out var address))
        {
            address = range.First;
        }

        while (_tenants.ContainsKey(address) || pool.IsLeftOut(address))
        {
            if (address >= range.Last)
            {
                _cursors[range] = range.Last;
                return null;
            }

            address = address.Add(1);
        }

        _cursors[range] = address;
        return address;
    }

    private static string? CommonPort(Service one, Service other)
    {
        foreach (var port in one.Ports)
        {
            foreach (var candidate in other.Ports)
            {
                if (port.Port == candidate.Port && port.Protocol == candidate.Protocol)
                {
                    return $"{port.Protocol.ToString().ToUpperInvariant()} port {port.Port}";
                }
            }
        }

        return null;
    }
}

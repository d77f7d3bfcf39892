using Kn.Hosting.Events;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.LoadBalancer.Allocating;

/// <summary>Says what the leader gives and cannot give: Events with MetalLB's reasons, logs, metrics.</summary>
internal sealed class AllocationReporter(IEventRecorder events, LoadBalancerMetrics metrics, IReadOnlyList<AddressPool> pools, ILogger logger)
{
    private readonly Dictionary<ObjectKey, string> _problems = [];

    /// <summary>Says what is new in a plan.</summary>
    public void Report(IReadOnlyList<ServiceGrant> grants)
    {
        foreach (var grant in grants)
        {
            var key = grant.Service.Key;
            if (grant.Problem is not { } problem)
            {
                _problems.Remove(key);
            }
            else if (!_problems.TryGetValue(key, out var known) || known != problem)
            {
                _problems[key] = problem;
                LoadBalancerLog.Failed(logger, key, problem);
                Record(grant.Service, isWarning: true, "AllocationFailed", problem);
            }
        }

        var present = grants.Select(static grant => grant.Service.Key).ToHashSet();
        foreach (var gone in _problems.Keys.Where(key => !present.Contains(key)).ToList())
        {
            _problems.Remove(gone);
        }

        metrics.Waiting.Set(grants.Count(static grant => grant.Problem is not null));
        metrics.Exhausted.Set(grants.Count(static grant => grant.IsExhausted));
        CountPools(grants);
    }

    /// <summary>Says that a status was written.</summary>
    public void Written(ServiceGrant grant)
    {
        var before = GrantMemory.OfStatus(grant.Service);
        if (grant.Addresses.IsEmpty)
        {
            LoadBalancerLog.Released(logger, grant.Service.Key, string.Join(", ", before));
            Record(grant.Service, isWarning: false, "ClearAssignment", $"{string.Join(", ", before)} taken back");
            return;
        }

        var addresses = string.Join(", ", grant.Addresses);
        LoadBalancerLog.Assigned(logger, grant.Service.Key, addresses);
        Record(grant.Service, isWarning: false, "IPAllocated", before.IsEmpty ? $"assigned {addresses}" : $"assigned {addresses} in place of {string.Join(", ", before)}");
    }

    /// <summary>Another leads: what it finds is its to say.</summary>
    public void Forget()
    {
        _problems.Clear();
        metrics.Waiting.Set(0);
        metrics.Exhausted.Set(0);
        CountPools([]);
    }

    private void CountPools(IReadOnlyList<ServiceGrant> grants)
    {
        List<IpAddress> used = [.. grants.SelectMany(static grant => grant.Addresses).Distinct()];
        foreach (var pool in pools)
        {
            foreach (var family in (ReadOnlySpan<IpFamily>)[IpFamily.V4, IpFamily.V6])
            {
                if (pool.Has(family))
                {
                    metrics.PoolAddresses(pool, family).Set(pool.CountOf(family));
                    metrics.PoolAddressesInUse(pool, family).Set(used.Count(address => address.Family == family && pool.Contains(address)));
                }
            }
        }
    }

    private void Record(Service service, bool isWarning, string reason, string message) =>
        events.Record(new ClusterEvent(EventSubject.Service(service.Key, service.Metadata.Uid), isWarning, reason, message));
}

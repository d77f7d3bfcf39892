using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.LoadBalancer.Allocating;

/// <summary>Which Service gets which address. Pure: the same cluster gives the same addresses, whoever plans, however often.</summary>
/// <remarks>The memory is the status: what a Service holds it keeps, as long as the config and its own wishes allow it. Then come Services that ask for
/// certain addresses, then the others, each time the oldest first.</remarks>
internal sealed class AllocationPlan
{
    private readonly ClusterSnapshot _cluster;
    private readonly IReadOnlyList<AddressPool> _pools;
    private readonly Tenancy _tenancy = new();
    private readonly Dictionary<ObjectKey, Draft> _drafts = [];

    private AllocationPlan(ClusterSnapshot cluster, IReadOnlyList<AddressPool> pools)
    {
        _cluster = cluster;
        _pools = pools;
    }

    /// <summary>Plans for all Services.</summary>
    /// <param name="cluster">Services and namespaces.</param>
    /// <param name="pools">In the order in which they are tried.</param>
    /// <param name="options">Which Services are Kn's.</param>
    /// <param name="held">What a Service holds: its status, or what was written and has not come back yet.</param>
    /// <returns>A grant for each Service that is Kn's, and an empty one for each that is no longer and still has addresses of Kn's.</returns>
    public static IReadOnlyList<ServiceGrant> Plan(
        ClusterSnapshot cluster, IReadOnlyList<AddressPool> pools, LoadBalancerOptions options, Func<Service, ValueList<IpAddress>> held)
    {
        var plan = new AllocationPlan(cluster, pools);
        List<Draft> drafts = [.. cluster.Services
            .Where(service => IsOurs(service, options))
            .OrderBy(static service => (service.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue, service.Metadata.Namespace, service.Metadata.Name), s_byAge)
            .Select(static service => new Draft(ServiceRequest.Of(service)))];
        foreach (var draft in drafts)
        {
            plan._drafts.Add(draft.Request.Key, draft);
            plan.Keep(draft, held(draft.Request.Service));
        }

        foreach (var draft in drafts.Where(static draft => !draft.Request.Addresses.IsEmpty))
        {
            plan.GiveWanted(draft);
        }

        foreach (var draft in drafts)
        {
            plan.GiveAny(draft);
        }

        return [.. drafts.Select(static draft => draft.ToGrant()), .. cluster.Services.Where(service => plan.IsLeftover(service)).Select(static service => new ServiceGrant(service, []))];
    }

    /// <summary>Whether Kn serves a Service: by its type and class.</summary>
    public static bool IsOurs(Service service, LoadBalancerOptions options) =>
        service.Type == "LoadBalancer" && (string.IsNullOrEmpty(service.LoadBalancerClass) ? options.ServicesWithoutClass : service.LoadBalancerClass == options.ClassName);

    private static readonly Comparer<(DateTimeOffset Created, string Namespace, string Name)> s_byAge = Comparer<(DateTimeOffset Created, string Namespace, string Name)>.Create(
        static (a, b) => a.Created != b.Created ? a.Created.CompareTo(b.Created)
            : a.Namespace != b.Namespace ? string.CompareOrdinal(a.Namespace, b.Namespace)
            : string.CompareOrdinal(a.Name, b.Name));

    /// <summary>A Service that is of another type now, with nothing but addresses of these pools.</summary>
    private bool IsLeftover(Service service) =>
        service.Type != "LoadBalancer" && !service.LoadBalancerIngress.IsEmpty && service.LoadBalancerIngress.All(entry => _pools.Any(pool => pool.Contains(entry.Ip)));

    private bool Allows(AddressPool pool, ServiceRequest request) =>
        (request.Pool.Length == 0 || request.Pool == pool.Name)
        && pool.Allows(request.Service, _cluster.Namespaces.Find(new ObjectKey("", request.Service.Metadata.Namespace))?.Metadata.Labels ?? default);

    private AddressPool? PoolOf(IpAddress address) => _pools.FirstOrDefault(pool => pool.Contains(address));

    private void Keep(Draft draft, ValueList<IpAddress> held)
    {
        var request = draft.Request;
        foreach (var address in held)
        {
            if (request.Families.Contains(address.Family)
                && !draft.Addresses.ContainsKey(address.Family)
                && (request.Wanted(address.Family) is not { } wanted || wanted == address)
                && PoolOf(address) is { } pool
                && Allows(pool, request)
                && _tenancy.Refusal(address, request) is null)
            {
                Give(draft, address, isHeld: true);
            }
        }
    }

    private void GiveWanted(Draft draft)
    {
        var request = draft.Request;
        if (!draft.IsOpen)
        {
            return;
        }

        foreach (var address in request.Addresses.Where(address => !draft.Addresses.ContainsKey(address.Family)))
        {
            var pool = PoolOf(address);
            var problem = pool is null ? $"{address} is in no pool"
                : !Allows(pool, request) ? $"{address} is in the pool '{pool.Name}', which is not for this Service"
                : _tenancy.Refusal(address, request);
            if (problem is not null)
            {
                draft.Fail(problem, isExhausted: false);
                return;
            }

            Give(draft, address, isHeld: false);
        }
    }

    private void GiveAny(Draft draft)
    {
        var request = draft.Request;
        List<IpFamily> missing = [.. request.Families.Where(family => !draft.Addresses.ContainsKey(family))];
        if (!draft.IsOpen || missing.Count == 0)
        {
            return;
        }

        List<AddressPool> pools = [.. _pools.Where(pool => (pool.AutoAssign || request.Pool == pool.Name) && Allows(pool, request))];
        if (pools.Count == 0)
        {
            draft.Fail(request.Pool.Length > 0 ? $"the pool '{request.Pool}' does not exist, or is not for this Service" : "no pool is for this Service", isExhausted: false);
            return;
        }

        // One pool for both families where one has both.
        var found = pools.Select(pool => missing.Select(family => _tenancy.Find(pool, family, request)).ToList()).FirstOrDefault(static list => list.All(static address => address is not null))
            ?? [.. missing.Select(family => pools.Select(pool => _tenancy.Find(pool, family, request)).FirstOrDefault(static address => address is not null))];
        foreach (var address in found)
        {
            if (address is { } free)
            {
                Give(draft, free, isHeld: false);
            }
        }

        Complain(draft, pools);
    }

    /// <summary>Half of what must be dual-stack is nothing; of what may be, it is enough.</summary>
    private void Complain(Draft draft, List<AddressPool> pools)
    {
        var request = draft.Request;
        List<IpFamily> missing = [.. request.Families.Where(family => !draft.Addresses.ContainsKey(family))];
        if (missing.Count == 0)
        {
            return;
        }

        var hasFamilies = missing.All(family => pools.Any(pool => pool.Has(family)));
        var words = string.Join(" and ", missing.Select(ServiceRequest.Word));
        var names = string.Join(", ", pools.Select(static pool => pool.Name));
        draft.Fail(hasFamilies ? $"no {words} address is left in {names}" : $"there is no pool with {words} addresses among {names}", isExhausted: hasFamilies);
        if (request.Service.RequiresDualStack)
        {
            foreach (var address in draft.TakeBack())
            {
                _tenancy.Remove(address, request);
            }
        }
    }

    private void Give(Draft draft, IpAddress address, bool isHeld)
    {
        _tenancy.Add(address, draft.Request);
        draft.Addresses.Add(address.Family, address);
        if (!isHeld)
        {
            draft.New.Add(address);
        }
    }

    private sealed class Draft(ServiceRequest request)
    {
        private string? _problem = request.Problem;
        private bool _isExhausted;

        public ServiceRequest Request => request;

        public Dictionary<IpFamily, IpAddress> Addresses { get; } = [];

        public List<IpAddress> New { get; } = [];

        /// <summary>False for what cannot be served, and for what is about to go: that keeps what it has.</summary>
        public bool IsOpen => _problem is null && request.Service.Metadata.DeletionTimestamp is null;

        public void Fail(string problem, bool isExhausted) => (_problem, _isExhausted) = (problem, isExhausted);

        /// <summary>Undoes what this plan gave; what was held stays.</summary>
        public List<IpAddress> TakeBack()
        {
            foreach (var address in New)
            {
                Addresses.Remove(address.Family);
            }

            return New;
        }

        public ServiceGrant ToGrant() => new(
            request.Service,
            request.Families.Where(Addresses.ContainsKey).Select(family => Addresses[family]).ToValueList(),
            _problem,
            _isExhausted);
    }
}

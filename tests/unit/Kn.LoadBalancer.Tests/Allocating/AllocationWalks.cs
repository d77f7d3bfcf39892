using Kn.Kubernetes.Objects;
using Kn.LoadBalancer.Allocating;
using Kn.Primitives;

namespace Kn.LoadBalancer.Tests.Allocating;

/// <summary>Random lives of clusters: Services come, change and go, statuses are written at once, late, or by a new leader.</summary>
public sealed class AllocationWalks
{
    private static readonly LoadBalancerOptions s_options = Given.Options(
        Given.Pool("v4", "192.0.2.0/28") with { AvoidBuggyIps = true },
        Given.Pool("v6", "2001:db8::10-2001:db8::18"),
        Given.Pool("web", "198.51.100.1-198.51.100.3", "2001:db8:1::/126") with { ServiceSelectors = ["app=web"], Priority = 1 },
        Given.Pool("asked", "203.0.113.1-203.0.113.4") with { AutoAssign = false });

    private static readonly IReadOnlyList<AddressPool> s_pools = AddressPool.Of(s_options);

    [Fact]
    [Conformance("load-balancer", "Allocation")]
    public void Over_random_lives_no_address_is_given_twice_but_shared_and_none_is_taken_without_a_reason()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            Walk(new Random(seed), seed);
        }
    }

    [Fact]
    [Conformance("load-balancer", "Allocation")]
    public void The_same_cluster_gives_the_same_addresses_in_whatever_order_it_is_read()
    {
        for (var seed = 1; seed <= 100; seed++)
        {
            var random = new Random(seed);
            var services = Enumerable.Range(0, 25).Select(i => Random(random, i)).ToArray();
            var one = Describe(services, static service => GrantMemory.OfStatus(service));
            random.Shuffle(services);
            Assert.Equal(one, Describe(services, static service => GrantMemory.OfStatus(service)));
        }
    }

    private static void Walk(Random random, int seed)
    {
        var memory = new GrantMemory(TimeProvider.System);
        var services = new Dictionary<string, Service>();
        var late = new Dictionary<string, ValueList<IpAddress>>();
        for (var step = 0; step < 60; step++)
        {
            var name = $"s{random.Next(30)}";
            switch (random.Next(10))
            {
                case 0:
                    services.Remove(name);
                    late.Remove(name);
                    break;
                case 1:
                    Arrive(services, late);
                    memory = new GrantMemory(TimeProvider.System);
                    break;
                default:
                    services[name] = services.TryGetValue(name, out var known) ? Change(random, known) : Random(random, int.Parse(name[1..]));
                    break;
            }

            var cluster = Given.Cluster(services.Values);
            memory.CatchUp(cluster);
            var before = services.Values.ToDictionary(static service => service.Metadata.Name, memory.Held);
            var grants = AllocationPlan.Plan(cluster, s_pools, s_options, memory.Held);
            Check(grants, before, seed, step);
            foreach (var grant in grants.Where(grant => memory.Held(grant.Service) != grant.Addresses))
            {
                memory.Remember(grant.Service, grant.Addresses);
                late[grant.Service.Metadata.Name] = grant.Addresses;
            }

            if (random.Next(3) == 0)
            {
                Arrive(services, late);
            }
        }
    }

    /// <summary>The watch brings what was written.</summary>
    private static void Arrive(Dictionary<string, Service> services, Dictionary<string, ValueList<IpAddress>> late)
    {
        foreach (var (name, addresses) in late)
        {
            if (services.TryGetValue(name, out var service))
            {
                services[name] = service.Holding([.. addresses.Select(static address => address.ToString())]);
            }
        }

        late.Clear();
    }

    private static void Check(IReadOnlyList<ServiceGrant> grants, Dictionary<string, ValueList<IpAddress>> before, int seed, int step)
    {
        var where = $"seed {seed}, step {step}";
        foreach (var group in grants.SelectMany(static grant => grant.Addresses.Select(address => (address, grant.Service))).GroupBy(static pair => pair.address))
        {
            var tenants = group.Select(static pair => pair.Service).ToList();
            Assert.True(tenants.Count == 1 || tenants.TrueForAll(service => SharingKey.Of(service) is { Key.Length: > 0 } key && key == SharingKey.Of(tenants[0])), where);
            Assert.True(tenants.SelectMany(static service => service.Ports).GroupBy(static port => (port.Port, port.Protocol)).All(static port => port.Count() == 1), where);
            Assert.True(s_pools.Count(pool => pool.Contains(group.Key)) == 1, where);
        }

        foreach (var grant in grants)
        {
            Assert.True(grant.Addresses.Select(static address => address.Family).Distinct().Count() == grant.Addresses.Count, where);
            // Who wants nothing in particular, shared with nobody and may be in its pool keeps what it had.
            var held = before[grant.Service.Metadata.Name];
            if (held.All(address => before.Values.Count(other => other.Contains(address)) == 1) && grant.Service.Metadata.Annotations.Count == 0 && grant.Service.Metadata.Labels.Count == 0
                && held.All(address => grant.Service.IpFamilies.Contains(address.Family) && s_pools.Any(pool => pool.Name != "web" && pool.Contains(address))))
            {
                Assert.True(held.All(address => grant.Addresses.Contains(address)), $"{where}: {grant.Service.Key} had {held} and has {grant.Addresses}");
            }
        }
    }

    private static string Describe(IEnumerable<Service> services, Func<Service, ValueList<IpAddress>> held) => string.Join('\n', AllocationPlan
        .Plan(Given.Cluster(services), s_pools, s_options, held)
        .OrderBy(static grant => grant.Service.Key.ToString(), StringComparer.Ordinal)
        .Select(static grant => $"{grant.Service.Key} {grant.Text()} {grant.Problem}"));

    private static Service Random(Random random, int number) => Change(random, Given.Service($"s{number}", age: random.Next(3)));

    private static Service Change(Random random, Service service)
    {
        var annotations = new List<(string, string)>();
        if (random.Next(4) == 0)
        {
            annotations.Add((LbAnnotations.Sharing, $"k{random.Next(2)}"));
        }

        if (random.Next(5) == 0)
        {
            annotations.Add((LbAnnotations.Addresses, random.Next(2) == 0 ? $"203.0.113.{random.Next(1, 6)}" : $"192.0.2.{random.Next(16)}"));
        }

        var changed = (random.Next(3) == 0 ? service.Labelled("app", "web") : service with { Metadata = service.Metadata with { Labels = default } })
            .Annotated([.. annotations]);
        return changed with
        {
            IpFamilies = random.Next(3) switch { 0 => [IpFamily.V6], 1 => [IpFamily.V4], _ => [IpFamily.V4, IpFamily.V6] },
            RequiresDualStack = random.Next(6) == 0,
            Ports = [Given.Tcp((ushort)random.Next(80, 84))],
            ExternalTrafficPolicyLocal = random.Next(5) == 0,
        };
    }
}

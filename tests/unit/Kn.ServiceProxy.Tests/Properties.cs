using FsCheck;
using FsCheck.Fluent;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.Tests;

/// <summary>Random clusters and random changes of them.</summary>
public class Properties
{
    [Fact]
    public void RandomChanges_KeyByKey_EndAsMadeFromNothing() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(150), Prop.ForAll(Histories, static history => WalkAsync(history, faults: null).GetAwaiter().GetResult()));

    [Fact]
    public void RandomChanges_WithOneBatchInTenRefused_EndAsMadeFromNothing() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(80), Prop.ForAll(Histories, static history =>
        {
            var random = new Random(history.Length);
            return WalkAsync(history, () => random.Next(10) == 0).GetAwaiter().GetResult();
        }));

    [Fact]
    public void RandomDamage_IsRepairedByAResync() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(150), Prop.ForAll(Histories, ArbMap.Default.ArbFor<int>(), static (history, seed) =>
            RepairAsync(history[^1], new Random(seed)).GetAwaiter().GetResult()));

    private static Arbitrary<ClusterSnapshot[]> Histories { get; } =
        Gen.ArrayOf(Clusters()).Where(static history => history.Length > 0).ToArbitrary();

    private static async Task<bool> WalkAsync(ClusterSnapshot[] history, Func<bool>? faults)
    {
        var table = new StrictProxyTable();
        var loop = new TestLoop(table);
        await loop.ResyncAsync(history[0]);
        table.Fails = faults ?? table.Fails;
        foreach (var cluster in history.Skip(1))
        {
            await StepAsync(loop, cluster);
            if (!string.Equals(await TransitionTests.FromNothingAsync(cluster), LogicalTable.Of(table.Read()), StringComparison.Ordinal))
            {
                return false;
            }
        }

        var sent = table.Batches.Count;
        table.Fails = static () => false;
        await new TestLoop(table).ResyncAsync(history[^1]);
        return table.Batches.Count == sent && await loop.ResyncAsync(history[^1]) == 0;
    }

    private static async Task StepAsync(TestLoop loop, ClusterSnapshot cluster)
    {
        try
        {
            await loop.ChangeAsync(cluster);
        }
        catch (IOException)
        {
            await ResyncUntilItWorksAsync(loop, cluster);
        }
    }

    private static async Task ResyncUntilItWorksAsync(TestLoop loop, ClusterSnapshot cluster)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await loop.ResyncAsync(cluster);
                return;
            }
            catch (IOException) when (tries < 100)
            {
            }
        }
    }

    private static async Task<bool> RepairAsync(ClusterSnapshot cluster, Random random)
    {
        var table = new StrictProxyTable();
        var loop = new TestLoop(table);
        await loop.ResyncAsync(cluster);
        var whole = LogicalTable.Of(table.Read());
        table.Damage(element => random.Next(4) switch
        {
            0 => null,
            1 when element.Element.Data.Length == 4 => element with { Element = element.Element with { Data = Linux.Nftables.NftValue.Of((uint)random.Next(100)) } },
            2 when element.Element.Comment is not null => element with { Element = element.Element with { Comment = "somebody's" } },
            _ => element,
        });
        await loop.ResyncAsync(cluster);
        return string.Equals(whole, LogicalTable.Of(table.Read()), StringComparison.Ordinal)
            && await loop.ResyncAsync(cluster) == 0;
    }

    private static Gen<ClusterSnapshot> Clusters() =>
        from services in Gen.ArrayOf(Services())
        from slices in Gen.ArrayOf(Slices())
        from nodeIp in Gen.Elements("192.168.50.1", "192.168.50.2")
        from zone in Gen.Elements("", "east")
        select Cluster([Node("n1", zone, nodeIp, "fd00:50::1"), .. services, .. slices]);

    private static Gen<Service> Services() =>
        from number in Gen.Choose(1, 5)
        from type in Gen.Elements("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
        from ports in Gen.Elements<ServicePort[]>([Tcp(80)], [Tcp(80, (ushort)(30000 + number))], [Tcp(80, name: "a"), Udp(80, name: "b")], [Udp(53, (ushort)(30100 + number))])
        from internalLocal in Gen.Elements(false, true)
        from externalLocal in Gen.Elements(false, true)
        from affinity in Gen.Elements<int?>(null, 10800, 60)
        from ingress in Gen.Elements("203.0.113.1", "203.0.113.2", "fd00:113::1")
        from ranges in Gen.Elements<ValueList<IpPrefix>>([], [IpPrefix.Parse("198.51.100.0/24")], [IpPrefix.Parse("2001:db8::/64"), IpPrefix.Parse("198.51.0.0/16")])
        select Build.Service($"s{number}", (byte)number, ports) with
        {
            Type = type,
            InternalTrafficPolicyLocal = internalLocal,
            ExternalTrafficPolicyLocal = externalLocal,
            ClientIpAffinitySeconds = affinity,
            LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse(ingress), false)],
            LoadBalancerSourceRanges = ranges,
        };

    private static Gen<EndpointSlice> Slices() =>
        from number in Gen.Choose(1, 6)
        from suffix in Gen.Elements("a", "b", "c")
        from family in Gen.Elements("10.244.9.", "fd00:244:9::")
        from port in Gen.Elements(To(8080), To(8080, name: "a"), To(5353, IpProtocol.Udp, "b"), To(5353, IpProtocol.Udp))
        from endpoints in Gen.ArrayOf(Endpoints(family))
        select Slice($"s{number}", suffix, port, endpoints);

    /// <summary>Slices may contradict each other: an address may be on one node in this slice and on another in that one.</summary>
    private static Gen<Endpoint> Endpoints(string prefix) =>
        from number in Gen.Choose(1, 8)
        from state in Gen.Choose(0, 3)
        from node in Gen.Elements("n1", "n2")
        from zones in Gen.Elements<ValueList<string>>([], ["east"], ["west"])
        select At($"{prefix}{number}", node) with
        {
            Ready = state is 0 or 1,
            Serving = state is not 2,
            Terminating = state is 2 or 3,
            ForZones = zones,
        };
}

using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Policy.Tests.Reference;
using Kn.Primitives;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

/// <summary>Generates small clusters whose policies contend for the same labels, ports, names and addresses.</summary>
internal static class RandomClusters
{
    private static readonly string[] Namespaces = ["a", "b", "c"];
    private static readonly string[] Blocks = ["10.0.0.0/8", "10.0.1.0/24", "10.0.1.0/29", "10.0.2.2/32", "203.0.113.0/24", "0.0.0.0/0", "192.168.0.2/32", "fd00:10::/32", "fd00:10:1::/64", "::/0", "2001:db8::/32"];
    private static readonly string[] Excepts = ["10.0.1.0/30", "10.0.1.4/32", "10.0.2.0/24", "203.0.113.4/31", "192.168.0.0/16", "fd00:10:2::/64", "2001:db8::5/128"];

    /// <summary>Clusters one after another, at least one; most things stay as they are from one to the next.</summary>
    public static Arbitrary<ClusterSnapshot[]> Histories { get; } = Gen.ArrayOf(Gen.Choose(0, int.MaxValue - 1)).Where(static seeds => seeds.Length is > 0 and < 12).Select(History).ToArbitrary();

    public static Arbitrary<ClusterSnapshot> Clusters { get; } = Gen.Choose(0, int.MaxValue - 1).Select(static seed => Cluster(new Random(seed))).ToArbitrary();

    /// <summary>Every address that anything of the cluster may be told apart by, and every port.</summary>
    public static IEnumerable<Flow> FlowsOf(ClusterSnapshot cluster)
    {
        var pods = cluster.Pods.Where(static pod => !pod.HostNetwork && pod.Phase == "Running").SelectMany(static pod => pod.PodIps);
        string[] others = ["203.0.113.5", "203.0.113.9", "192.168.0.1", "192.168.0.2", "10.0.9.9", "2001:db8::5", "2001:db8::6", "fd00:192::2"];
        var addresses = pods.Concat(others.Select(static text => IpAddress.Parse(text))).Distinct().ToArray();
        (IpProtocol?, ushort)[] ports = [(IpProtocol.Tcp, 80), (IpProtocol.Tcp, 81), (IpProtocol.Tcp, 8080), (IpProtocol.Tcp, 9000), (IpProtocol.Udp, 53), (IpProtocol.Udp, 80), (IpProtocol.Sctp, 80), (IpProtocol.Sctp, 9), (null, 0)];
        return from source in addresses
               from destination in addresses
               where source.Family == destination.Family && source != destination
               from port in ports
               select new Flow(source, destination, port.Item1, port.Item2);
    }

    private static ClusterSnapshot[] History(int[] seeds)
    {
        var history = new ClusterSnapshot[seeds.Length];
        history[0] = Cluster(new Random(seeds[0]));
        for (var i = 1; i < seeds.Length; i++)
        {
            history[i] = Mutate(history[i - 1], new Random(seeds[i]));
        }

        return history;
    }

    private static ClusterSnapshot Cluster(Random random)
    {
        var objects = new List<KubernetesObject> { Node("n1", "192.168.0.1", "fd00:192::1"), Node("n2", "192.168.0.2", "fd00:192::2") };
        objects.AddRange(Namespaces.Where(_ => random.Next(10) > 0).Select(name => RandomNamespace(random, name)));
        for (var i = 0; i < random.Next(1, 8); i++)
        {
            objects.Add(RandomPod(random, i));
        }

        for (var i = 0; i < random.Next(0, 6); i++)
        {
            objects.Add(RandomPolicy(random, i));
        }

        return ClusterSnapshot.Of(objects);
    }

    /// <summary>A few changes at once: added, changed, removed; a pod's address may go to another pod in the same batch.</summary>
    private static ClusterSnapshot Mutate(ClusterSnapshot cluster, Random random)
    {
        for (var i = 0; i < random.Next(1, 4); i++)
        {
            cluster = random.Next(10) switch
            {
                0 => cluster.With(RandomNamespace(random, Pick(random, Namespaces))),
                1 when cluster.Pods.Count > 0 => cluster.Without(Pick(random, cluster.Pods)),
                2 or 3 => cluster.With(RandomPod(random, random.Next(8))),
                4 when cluster.Pods.Count > 0 && Pick(random, cluster.Pods) is var pod => cluster.With(pod with { Metadata = pod.Metadata with { Labels = RandomLabels(random) } }),
                5 when cluster.NetworkPolicies.Count > 0 => cluster.Without(Pick(random, cluster.NetworkPolicies)),
                6 when cluster.Pods.Count > 0 && Pick(random, cluster.Pods) is var pod => cluster.With(pod with { Phase = Pick(random, ["Running", "Succeeded", "Failed"]) }),
                7 or 8 when cluster.NetworkPolicies.Count > 0 => cluster.With(OtherRules(random, Pick(random, cluster.NetworkPolicies))),
                _ => cluster.With(RandomPolicy(random, random.Next(6))),
            };
        }

        return cluster;
    }

    private static Namespace RandomNamespace(Random random, string name)
    {
        var made = Namespace(name, ("team", Pick(random, ["red", "blue"])));
        return random.Next(8) > 0 ? made : made with { Metadata = made.Metadata with { Annotations = ValueMap.Of(("net.beta.kubernetes.io/network-policy", """{"ingress":{"isolation":"DefaultDeny"}}""")) } };
    }

    /// <summary>Pod 3 changes its namespace now and then, so that its addresses go from one pod to another.</summary>
    private static Pod RandomPod(Random random, int number)
    {
        var node = random.Next(3) > 0 ? 1 : 2;
        var pod = Pod($"{Pick(random, Namespaces)}/p{number}", $"n{node}", "", $"10.0.{(number < 5 ? 1 : 2)}.{number + 1}", $"fd00:10:{(number < 5 ? 1 : 2)}::{number + 1}");
        return pod with
        {
            Metadata = pod.Metadata with { Labels = RandomLabels(random), CreationTimestamp = DateTimeOffset.UnixEpoch.AddSeconds(random.Next(1000)) },
            NodeName = number < 5 ? "n1" : "n2",
            PodIps = random.Next(5) > 0 ? pod.PodIps : [pod.PodIps[random.Next(2)]],
            Phase = random.Next(12) > 0 ? "Running" : "Succeeded",
            HostNetwork = random.Next(15) == 0,
            Ports = Ports(random),
        };
    }

    private static ValueList<ContainerPort> Ports(Random random) => random.Next(4) switch
    {
        0 => [],
        1 => [Named("http", 80)],
        2 => [Named("http", 8080), Named("dns", 53, IpProtocol.Udp)],
        _ => [Named("http", 80), Named("http", 81), Named("dns", 80, IpProtocol.Sctp), new ContainerPort("", IpProtocol.Tcp, 9000, 0)],
    };

    private static ValueMap<string, string> RandomLabels(Random random) =>
        Labels(Pick(random, ["", "app=web", "app=db", "app=web,tier=front", "app=db,tier=back", "tier=front", "app=web,unseen=x", "app=db,unseen=y"]));

    private static NetworkPolicy RandomPolicy(Random random, int number)
    {
        var spec = new StringBuilder("{\"podSelector\":").Append(Selector(random));
        spec.Append(random.Next(4) switch { 0 => ",\"policyTypes\":[\"Ingress\"]", 1 => ",\"policyTypes\":[\"Egress\"]", 2 => ",\"policyTypes\":[\"Ingress\",\"Egress\"]", _ => "" });
        spec.Append(",\"ingress\":[").AppendJoin(',', Repeat(random, 3, () => Rule(random, "from"))).Append(']');
        spec.Append(",\"egress\":[").AppendJoin(',', Repeat(random, 3, () => Rule(random, "to"))).Append("]}");
        return PolicyOf($"{Pick(random, Namespaces)}/n{number}", spec.ToString());
    }

    /// <summary>The same policy with a rule less, or with the rules of another one.</summary>
    private static NetworkPolicy OtherRules(Random random, NetworkPolicy policy)
    {
        var other = RandomPolicy(random, 0);
        return random.Next(3) switch
        {
            0 => policy with { Ingress = policy.Ingress.Skip(1).ToValueList(), Egress = policy.Egress.Skip(1).ToValueList() },
            1 => policy with { Ingress = policy.Ingress.Select(static rule => rule with { Peers = rule.Peers.Take(1).ToValueList(), Ports = rule.Ports.Take(1).ToValueList() }).ToValueList() },
            _ => policy with { Ingress = other.Ingress, Egress = other.Egress },
        };
    }

    private static string Rule(Random random, string word)
    {
        var parts = new List<string>();
        if (random.Next(5) > 0)
        {
            parts.Add($"\"{word}\":[{string.Join(',', Repeat(random, 3, () => Peer(random)))}]");
        }

        if (random.Next(3) > 0)
        {
            parts.Add($"\"ports\":[{string.Join(',', Repeat(random, 3, () => Port(random)))}]");
        }

        return $"{{{string.Join(',', parts)}}}";
    }

    private static string Peer(Random random) => random.Next(5) switch
    {
        0 => $"{{\"podSelector\":{Selector(random)}}}",
        1 => $"{{\"namespaceSelector\":{NamespaceSelector(random)}}}",
        2 => $"{{\"namespaceSelector\":{NamespaceSelector(random)},\"podSelector\":{Selector(random)}}}",
        3 => $"{{\"ipBlock\":{{\"cidr\":\"{Pick(random, Blocks)}\"}}}}",
        _ => $"{{\"ipBlock\":{{\"cidr\":\"{Pick(random, Blocks)}\",\"except\":[{string.Join(',', Repeat(random, 3, () => $"\"{Pick(random, Excepts)}\""))}]}}}}",
    };

    private static string Port(Random random) => Pick(random,
        ["{\"port\":80}", "{\"port\":80,\"protocol\":\"UDP\"}", "{\"port\":\"http\"}", "{\"port\":\"dns\",\"protocol\":\"UDP\"}", "{\"port\":\"dns\",\"protocol\":\"SCTP\"}", "{\"protocol\":\"SCTP\"}", "{\"protocol\":\"TCP\"}", "{\"port\":80,\"endPort\":90}", "{\"port\":8000,\"endPort\":9000}", "{\"port\":53,\"protocol\":\"UDP\"}", "{\"port\":9,\"protocol\":\"SCTP\"}", "{\"protocol\":\"QUIC\"}"]);

    private static string Selector(Random random) => Pick(random,
        ["{}", "{\"matchLabels\":{\"app\":\"web\"}}", "{\"matchLabels\":{\"app\":\"db\"}}", "{\"matchLabels\":{\"app\":\"web\",\"tier\":\"front\"}}", "{\"matchExpressions\":[{\"key\":\"tier\",\"operator\":\"Exists\"}]}", "{\"matchExpressions\":[{\"key\":\"tier\",\"operator\":\"DoesNotExist\"}]}", "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":[\"db\"]}]}", "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"db\",\"web\"]}]}"]);

    private static string NamespaceSelector(Random random) => Pick(random,
        ["{}", "{\"matchLabels\":{\"team\":\"red\"}}", "{\"matchExpressions\":[{\"key\":\"team\",\"operator\":\"NotIn\",\"values\":[\"red\"]}]}", "{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"b\"}}"]);

    private static string[] Repeat(Random random, int most, Func<string> make) => [.. Enumerable.Range(0, random.Next(0, most)).Select(_ => make())];

    private static T Pick<T>(Random random, IEnumerable<T> items)
    {
        var all = items.ToArray();
        return all[random.Next(all.Length)];
    }
}

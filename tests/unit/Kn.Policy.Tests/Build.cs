using System.Text;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;
using Kn.Policy.Tests.Reference;
using Kn.Primitives;

namespace Kn.Policy.Tests;

/// <summary>Objects in few words.</summary>
internal static class Build
{
    public static Namespace Namespace(string name, params (string, string)[] labels) => new()
    {
        Metadata = new ObjectMeta { Name = name, Labels = ValueMap.Of([("kubernetes.io/metadata.name", name), .. labels]) },
    };

    public static Node Node(string name, params string[] addresses) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        InternalIps = addresses.Select(static text => IpAddress.Parse(text)).ToValueList(),
    };

    /// <summary>A running pod of namespace/name.</summary>
    public static Pod Pod(string key, string node, string labels, params string[] addresses) => new()
    {
        Metadata = new ObjectMeta { Namespace = key.Split('/')[0], Name = key.Split('/')[1], Labels = Labels(labels) },
        NodeName = node,
        Phase = "Running",
        PodIps = addresses.Select(static text => IpAddress.Parse(text)).ToValueList(),
    };

    public static Pod With(Pod pod, params ContainerPort[] ports) => pod with { Ports = ValueList.Create<ContainerPort>(ports) };

    public static ContainerPort Named(string name, ushort port, IpProtocol protocol = IpProtocol.Tcp) => new(name, protocol, port, 0);

    /// <summary>A policy of namespace/name, its spec as JSON.</summary>
    public static NetworkPolicy PolicyOf(string key, string spec) => ResourceKinds.NetworkPolicies.Decode(
        Encoding.UTF8.GetBytes($$$"""{"metadata":{"namespace":"{{{key.Split('/')[0]}}}","name":"{{{key.Split('/')[1]}}}"},"spec":{{{spec}}}}"""), new StringPool());

    public static ValueMap<string, string> Labels(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(static pair => KeyValuePair.Create(pair.Split('=')[0], pair.Split('=')[1])).ToValueMap();

    /// <summary>'a/web -> 10.0.0.1 TCP 80' in each family that both ends have; a pod is all of its addresses.</summary>
    public static IEnumerable<Flow> Flows(ClusterSnapshot cluster, string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        IpProtocol? protocol = words[3] == "ICMP" ? null : Enum.Parse<IpProtocol>(words[3], ignoreCase: true);
        var port = words.Length > 4 ? ushort.Parse(words[4]) : (ushort)0;
        var flows = Addresses(cluster, words[0])
            .SelectMany(_ => Addresses(cluster, words[2]), static (source, destination) => (Source: source, Destination: destination))
            .Where(static pair => pair.Source.Family == pair.Destination.Family)
            .Select(pair => new Flow(pair.Source, pair.Destination, protocol, port))
            .ToArray();
        Assert.NotEmpty(flows);
        return flows;
    }

    private static IEnumerable<IpAddress> Addresses(ClusterSnapshot cluster, string word) => IpAddress.TryParse(word, out var address)
        ? [address]
        : (IEnumerable<IpAddress>)cluster.Pods.Find(word.Split('/')[0], word.Split('/')[1])!.PodIps;
}

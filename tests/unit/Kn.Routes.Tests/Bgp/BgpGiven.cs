using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.Routes.Bgp.Options;
using Kn.Routes.Bgp.Planning;

namespace Kn.Routes.Tests.Bgp;

/// <summary>Clusters of the tests, briefly.</summary>
internal static class BgpGiven
{
    public static Node Annotated(this Node node, params (string Name, string Value)[] annotations) =>
        node with { Metadata = node.Metadata with { Annotations = ValueMap.Of<string, string>(annotations) } };

    public static Node Labelled(this Node node, params (string Name, string Value)[] labels) =>
        node with { Metadata = node.Metadata with { Labels = ValueMap.Of<string, string>(labels) } };

    public static Node Numbered(int number) => Given.Node($"n{number}", [$"10.0.{number}.0/24", $"fd00:{number:x}::/64"], $"192.0.2.{number}", $"2001:db8::{number:x}");

    public static Service Service(string name = "web") => new()
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = name },
        Type = "LoadBalancer",
        ClusterIps = [Given.Ip("10.96.0.7"), Given.Ip("fd00:96::7")],
        ExternalIps = [Given.Ip("198.51.100.7")],
        LoadBalancerIngress = [new LoadBalancerIngress(Given.Ip("203.0.113.7"), false)],
    };

    public static Service Annotated(this Service service, params (string Name, string Value)[] annotations) =>
        service with { Metadata = service.Metadata with { Annotations = ValueMap.Of<string, string>(annotations) } };

    public static Service Labelled(this Service service, string label) =>
        service with { Metadata = service.Metadata with { Labels = ValueMap.Of((label, "x")) } };

    public static EndpointSlice Slice(string node, bool ready = true, bool terminating = false, string service = "web", IpFamily family = IpFamily.V4) => new()
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = $"{service}-{family}" },
        ServiceName = service,
        Family = family,
        Endpoints = [new Endpoint { Address = Given.Ip(family == IpFamily.V4 ? "10.0.1.5" : "fd00:1::5"), NodeName = node, Ready = ready, Serving = ready || terminating, Terminating = terminating }],
    };

    public static BgpTable Table(BgpOptions options, bool isPodRouting, params KubernetesObject[] objects)
    {
        var table = new BgpTable("n1", options, isPodRouting) { Environment = BgpEnvironment.None with { Underlay = Given.OneSegment } };
        table.Be(ClusterSnapshot.Of(objects));
        return table;
    }

    public static Dictionary<BgpKey, BgpPiece> Plan(BgpTable table, Problems? problems = null)
    {
        var pieces = new Dictionary<BgpKey, BgpPiece>();
        foreach (var key in table.Keys().Distinct())
        {
            if (BgpPlan.Of(table, key, problems ?? new Problems()) is { } piece)
            {
                pieces.Add(key, piece);
            }
        }

        return pieces;
    }

    public static IReadOnlyList<string> Routes(BgpTable table) => [.. Plan(table).Keys.Where(static key => key.Kind == BgpKeyKind.Route).Select(static key => key.Prefix.ToString()).Order(StringComparer.Ordinal)];

    public static IReadOnlyList<string> Peers(BgpTable table) => [.. Plan(table).Keys.Where(static key => key.Kind == BgpKeyKind.Peer).Select(static key => key.Prefix.Address.ToString()).Order(StringComparer.Ordinal)];

    public static PeerPiece Peer(BgpTable table, string address, Problems? problems = null) =>
        Assert.IsType<PeerPiece>(BgpPlan.Of(table, BgpKey.Peer(Given.Ip(address)), problems ?? new Problems()));
}

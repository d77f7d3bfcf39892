using Kn.Kubernetes.Objects;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

/// <summary>The semantics of NetworkPolicy, a case a rule. The same rows are asked of the reference, of explain, and of the tables of both nodes.</summary>
internal static partial class Cases
{

    /// <summary>Two nodes; namespaces a (team=red) and b (team=blue).</summary>
    public static IReadOnlyList<KubernetesObject> BaseObjects { get; } =
    [
        Node("n1", "192.168.0.1", "fd00:192::1"),
        Node("n2", "192.168.0.2", "fd00:192::2"),
        Namespace("a", ("team", "red")),
        Namespace("b", ("team", "blue")),
        With(Pod("a/web", "n1", "app=web,tier=front", "10.0.1.1", "fd00:10:1::1"), Named("http", 80), Named("dns", 53, IpProtocol.Udp)),
        With(Pod("a/db", "n2", "app=db,tier=back", "10.0.2.1", "fd00:10:2::1"), Named("sql", 5432)),
        Pod("a/client", "n1", "app=client", "10.0.1.2", "fd00:10:1::2"),
        With(Pod("b/web", "n2", "app=web", "10.0.2.2", "fd00:10:2::2"), Named("http", 8080)),
        Pod("b/client", "n1", "app=client", "10.0.1.3", "fd00:10:1::3"),
        Pod("b/v4", "n1", "app=old", "10.0.1.4"),
    ];

    public static IReadOnlyDictionary<string, PolicyCase> All { get; } = Isolation().Concat(Peers()).Concat(Blocks()).Concat(Ports()).Concat(PodStates()).Concat(Defaults())
        .ToDictionary(static row => row.Name, StringComparer.Ordinal);

    public static TheoryData<string> Names => [.. All.Keys];

    private static PolicyCase Case(string name, string policy, params string[] flows) => new(name, [PolicyOf("a/p", policy)], flows);

    private static IEnumerable<PolicyCase> Isolation() =>
    [
        new("without policies everything passes", [], ["yes a/web -> b/web TCP 80", "yes 203.0.113.5 -> a/web UDP 1", "yes b/client -> a/db SCTP 9", "yes a/web -> 203.0.113.5 ICMP"]),
        Case("ingress isolation leaves egress alone", """{"podSelector":{},"policyTypes":["Ingress"]}""",
            "no b/client -> a/web TCP 80", "no 203.0.113.5 -> a/web TCP 80", "no a/client -> a/web UDP 53", "yes a/web -> b/web TCP 80", "yes a/web -> 203.0.113.5 UDP 1", "yes b/client -> b/web TCP 1"),
        Case("egress isolation leaves ingress alone", """{"podSelector":{},"policyTypes":["Egress"]}""",
            "no a/web -> b/web TCP 80", "no a/web -> 203.0.113.5 TCP 80", "no a/client -> a/web TCP 80", "yes b/client -> a/web TCP 80", "yes 203.0.113.5 -> a/web UDP 1"),
        Case("policyTypes absent mean ingress", """{"podSelector":{}}""", "no b/client -> a/web TCP 80", "yes a/web -> b/web TCP 80"),
        Case("policyTypes absent mean egress too where an egress rule is", """{"podSelector":{},"egress":[{"ports":[{"port":53,"protocol":"UDP"}]}]}""",
            "no b/client -> a/web TCP 80", "no a/web -> b/web TCP 80", "yes a/web -> b/web UDP 53"),
        Case("rules of a direction that is not in policyTypes mean nothing", """{"podSelector":{},"policyTypes":["Egress"],"egress":[{}],"ingress":[]}""",
            "yes b/client -> a/web TCP 80", "yes a/web -> b/web TCP 80"),
        Case("a policy is about pods of its namespace alone", """{"podSelector":{"matchLabels":{"app":"web"}}}""",
            "no b/client -> a/web TCP 80", "yes a/client -> b/web TCP 80", "yes b/client -> a/db TCP 80"),
        Case("an empty rule allows everything", """{"podSelector":{},"policyTypes":["Ingress","Egress"],"ingress":[{}],"egress":[{}]}""",
            "yes b/client -> a/web TCP 80", "yes 203.0.113.5 -> a/web SCTP 1", "yes a/web -> 203.0.113.5 ICMP"),
        Case("no rules allow nothing", """{"podSelector":{},"policyTypes":["Ingress","Egress"],"ingress":[],"egress":[]}""",
            "no b/client -> a/web TCP 80", "no a/web -> a/db TCP 5432", "no a/web -> 203.0.113.5 ICMP"),
        Case("a pod reaches itself", """{"podSelector":{},"policyTypes":["Ingress","Egress"]}""", "yes a/web -> a/web TCP 80", "yes a/db -> a/db UDP 9", "yes a/web -> a/web ICMP"),
        Case("a pod's own node reaches it and is reached", """{"podSelector":{},"policyTypes":["Ingress","Egress"]}""",
            "yes 192.168.0.1 -> a/web TCP 80", "yes fd00:192::1 -> a/web TCP 80", "yes a/web -> 192.168.0.1 TCP 10250", "no 192.168.0.2 -> a/web TCP 80", "no a/web -> 192.168.0.2 TCP 80"),
        new("both ends must allow",
            [
                PolicyOf("a/in", """{"podSelector":{"matchLabels":{"app":"web"}},"ingress":[{"from":[{"namespaceSelector":{}}]}]}"""),
                PolicyOf("b/out", """{"podSelector":{"matchLabels":{"app":"client"}},"policyTypes":["Egress"],"egress":[{"to":[{"podSelector":{}}]}]}"""),
            ],
            ["no b/client -> a/web TCP 80", "yes b/client -> b/web TCP 80", "yes a/client -> a/web TCP 80", "yes b/v4 -> a/web TCP 80"]),
        new("policies add up",
            [
                PolicyOf("a/deny", """{"podSelector":{}}"""),
                PolicyOf("a/http", """{"podSelector":{"matchLabels":{"app":"web"}},"ingress":[{"ports":[{"port":80}]}]}"""),
                PolicyOf("a/red", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}],"ports":[{"port":53,"protocol":"UDP"}]}]}"""),
            ],
            ["yes b/client -> a/web TCP 80", "no b/client -> a/web UDP 53", "yes a/client -> a/web UDP 53", "yes a/client -> a/db UDP 53", "no a/client -> a/db TCP 80"]),
        Case("ICMP passes only where no port is named", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]},{"ports":[{"port":80},{"protocol":"UDP"},{"protocol":"SCTP"},{"protocol":"TCP"}]}]}""",
            "yes a/client -> a/web ICMP", "no b/client -> a/web ICMP", "yes b/client -> a/web TCP 81"),
    ];

    private static IEnumerable<PolicyCase> Peers() =>
    [
        Case("podSelector alone means the policy's namespace", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{"matchLabels":{"app":"client"}}}]}]}""",
            "yes a/client -> a/web TCP 80", "no b/client -> a/web TCP 80", "no a/db -> a/web TCP 80", "no 203.0.113.5 -> a/web TCP 80"),
        Case("an empty podSelector means all pods of the policy's namespace", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]}""",
            "yes a/db -> a/web TCP 80", "no b/client -> a/web TCP 80", "no 203.0.113.5 -> a/web TCP 80"),
        Case("namespaceSelector alone means all pods of those namespaces", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"team":"blue"}}}]}]}""",
            "yes b/client -> a/web TCP 80", "no a/client -> a/web TCP 80", "no 203.0.113.5 -> a/web TCP 80"),
        Case("an empty namespaceSelector means all pods, and nobody else", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{}}]}]}""",
            "yes b/client -> a/web TCP 80", "yes a/client -> a/web TCP 80", "no 203.0.113.5 -> a/web TCP 80", "no 192.168.0.2 -> a/web TCP 80"),
        Case("both selectors in one peer must hold", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"team":"blue"}},"podSelector":{"matchLabels":{"app":"web"}}}]}]}""",
            "yes b/web -> a/web TCP 80", "no b/client -> a/web TCP 80", "no a/client -> a/web TCP 80"),
        Case("of two peers one is enough", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"team":"blue"}}},{"podSelector":{"matchLabels":{"app":"client"}}}]}]}""",
            "yes b/web -> a/web TCP 80", "yes a/client -> a/web TCP 80", "no a/db -> a/web TCP 80"),
        Case("a namespace by its name", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"b"}}}]}]}""",
            "yes b/web -> a/web TCP 80", "no a/client -> a/web TCP 80"),
        Case("In and Exists", """{"podSelector":{"matchExpressions":[{"key":"tier","operator":"Exists"}]},"ingress":[{"from":[{"podSelector":{"matchExpressions":[{"key":"app","operator":"In","values":["db","client"]}]}}]}]}""",
            "yes a/client -> a/web TCP 1", "yes a/db -> a/web TCP 1", "no a/web -> a/db TCP 1", "yes a/web -> a/client TCP 1"),
        Case("NotIn and DoesNotExist match absent labels", """{"podSelector":{"matchLabels":{"app":"db"}},"ingress":[{"from":[{"podSelector":{"matchExpressions":[{"key":"tier","operator":"NotIn","values":["front"]}]}},{"namespaceSelector":{},"podSelector":{"matchExpressions":[{"key":"app","operator":"NotIn","values":["web","client"]},{"key":"tier","operator":"DoesNotExist"}]}}]}]}""",
            "yes a/client -> a/db TCP 1", "no a/web -> a/db TCP 1", "no b/web -> a/db TCP 1", "yes b/v4 -> a/db TCP 1"),
        Case("from and ports must both hold", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}],"ports":[{"port":80}]},{"from":[{"namespaceSelector":{"matchLabels":{"team":"blue"}}}],"ports":[{"port":443}]}]}""",
            "yes a/client -> a/web TCP 80", "no a/client -> a/web TCP 443", "yes b/client -> a/web TCP 443", "no b/client -> a/web TCP 80"),
        Case("a peer that says nothing known matches nothing", """{"podSelector":{},"ingress":[{"from":[{"domain":"example.org"}]}]}""", "no a/client -> a/web TCP 80", "no 203.0.113.5 -> a/web TCP 80"),
        Case("egress to pods", """{"podSelector":{"matchLabels":{"app":"web"}},"policyTypes":["Egress"],"egress":[{"to":[{"podSelector":{"matchLabels":{"app":"db"}}}],"ports":[{"port":5432}]},{"to":[{"namespaceSelector":{"matchLabels":{"team":"blue"}}}]}]}""",
            "yes a/web -> a/db TCP 5432", "no a/web -> a/db TCP 80", "yes a/web -> b/web UDP 7", "no a/web -> a/client TCP 80", "no a/web -> 203.0.113.5 TCP 80"),
    ];
}

using Kn.Kubernetes.Objects;
using Kn.Primitives;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

internal static partial class Cases
{
    private static IEnumerable<PolicyCase> Blocks() =>
    [
        Case("ipBlock without its excepts", """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"203.0.113.0/24","except":["203.0.113.64/26","203.0.113.5/32"]}}]}]}""",
            "no 203.0.113.5 -> a/web TCP 80", "yes 203.0.113.6 -> a/web TCP 80", "no 203.0.113.64 -> a/web TCP 80", "no 203.0.113.127 -> a/web TCP 80", "yes 203.0.113.128 -> a/web TCP 80", "no 203.0.114.0 -> a/web TCP 80"),
        Case("what one block leaves out another may allow", """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"203.0.113.0/24","except":["203.0.113.0/28"]}},{"ipBlock":{"cidr":"203.0.113.0/30"}}]}]}""",
            "yes 203.0.113.3 -> a/web TCP 80", "no 203.0.113.5 -> a/web TCP 80", "yes 203.0.113.16 -> a/web TCP 80"),
        Case("overlapping blocks add up, each with its ports", """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"203.0.0.0/8"}}],"ports":[{"port":80}]},{"from":[{"ipBlock":{"cidr":"203.0.113.0/24"}}],"ports":[{"port":443}]}]}""",
            "yes 203.0.113.5 -> a/web TCP 80", "yes 203.0.113.5 -> a/web TCP 443", "yes 203.9.9.9 -> a/web TCP 80", "no 203.9.9.9 -> a/web TCP 443"),
        Case("ipBlock means pods, too", """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.1.0/24","except":["10.0.1.3/32"]}},{"ipBlock":{"cidr":"fd00:10:1::/64","except":["fd00:10:1::3/128"]}}]}]}""",
            "yes a/client -> a/web TCP 80", "no b/client -> a/web TCP 80", "no b/web -> a/web TCP 80"),
        Case("one family's block is nothing to the other", """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"0.0.0.0/0"}}]}]}""",
            "yes 10.0.1.2 -> 10.0.1.1 TCP 80", "no fd00:10:1::2 -> fd00:10:1::1 TCP 80", "yes 203.0.113.5 -> a/web TCP 80", "no 2001:db8::1 -> a/web TCP 80"),
        Case("all of IPv6 but one prefix", """{"podSelector":{},"policyTypes":["Egress"],"egress":[{"to":[{"ipBlock":{"cidr":"::/0","except":["2001:db8::/32"]}}]}]}""",
            "no a/web -> 2001:db8::1 TCP 80", "yes a/web -> 2001:db9::1 TCP 80", "yes a/web -> ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff TCP 80", "no a/web -> 203.0.113.5 TCP 80"),
        Case("the last addresses of IPv4", """{"podSelector":{},"policyTypes":["Egress"],"egress":[{"to":[{"ipBlock":{"cidr":"128.0.0.0/1","except":["255.255.255.0/24"]}}]}]}""",
            "yes a/web -> 203.0.113.5 TCP 80", "no a/web -> 255.255.255.1 TCP 80", "no a/web -> 8.8.8.8 TCP 80"),
        Case("other nodes are addresses", """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"192.168.0.2/32"}}],"ports":[{"port":80}]}]}""",
            "yes 192.168.0.2 -> a/web TCP 80", "no 192.168.0.2 -> a/web TCP 81", "no 192.168.0.1 -> a/db TCP 80", "yes 192.168.0.2 -> a/db TCP 81"),
        Case("a block beside selectors is no valid peer and matches nothing", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{},"ipBlock":{"cidr":"0.0.0.0/0"}}]}]}""",
            "no a/client -> a/web TCP 80", "no 203.0.113.5 -> a/web TCP 80"),
        Case("an except outside of its block changes nothing", """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"203.0.113.0/25","except":["203.0.113.128/25","203.0.113.0/26","203.0.113.0/28"]}}]}]}""",
            "no 203.0.113.5 -> a/web TCP 80", "yes 203.0.113.64 -> a/web TCP 80", "no 203.0.113.200 -> a/web TCP 80"),
    ];

    private static IEnumerable<PolicyCase> Ports() =>
    [
        Case("the protocol is TCP where none is named", """{"podSelector":{},"ingress":[{"ports":[{"port":80}]}]}""",
            "yes b/client -> a/web TCP 80", "no b/client -> a/web UDP 80", "no b/client -> a/web SCTP 80", "no b/client -> a/web TCP 81"),
        Case("a protocol without a port means all its ports", """{"podSelector":{},"ingress":[{"ports":[{"protocol":"UDP"}]}]}""",
            "yes b/client -> a/web UDP 1", "yes b/client -> a/web UDP 65535", "no b/client -> a/web TCP 1", "no b/client -> a/web ICMP"),
        Case("an SCTP-only rule isolates and opens no TCP", """{"podSelector":{},"ingress":[{"ports":[{"protocol":"SCTP","port":80}]}]}""",
            "yes b/client -> a/web SCTP 80", "no b/client -> a/web TCP 80", "no b/client -> a/web UDP 80", "no b/client -> a/web SCTP 81"),
        Case("a protocol that is not known opens nothing", """{"podSelector":{},"ingress":[{"ports":[{"protocol":"QUIC","port":80}]}]}""", "no b/client -> a/web TCP 80", "no b/client -> a/web UDP 80"),
        Case("a long range, both ends included", """{"podSelector":{},"ingress":[{"ports":[{"port":8000,"endPort":9000,"protocol":"UDP"}]}]}""",
            "no b/client -> a/web UDP 7999", "yes b/client -> a/web UDP 8000", "yes b/client -> a/web UDP 8500", "yes b/client -> a/web UDP 9000", "no b/client -> a/web UDP 9001", "no b/client -> a/web TCP 8500"),
        Case("a short range, both ends included", """{"podSelector":{},"ingress":[{"ports":[{"port":8000,"endPort":8003}]}]}""",
            "no b/client -> a/web TCP 7999", "yes b/client -> a/web TCP 8000", "yes b/client -> a/web TCP 8003", "no b/client -> a/web TCP 8004"),
        Case("a range of one, and one up to the end", """{"podSelector":{},"ingress":[{"ports":[{"port":7,"endPort":7},{"port":65000,"endPort":65535}]}]}""",
            "yes b/client -> a/web TCP 7", "no b/client -> a/web TCP 8", "yes b/client -> a/web TCP 65535", "no b/client -> a/web TCP 64999"),
        Case("overlapping ranges", """{"podSelector":{},"ingress":[{"ports":[{"port":100,"endPort":300}]},{"ports":[{"port":200,"endPort":400}]},{"ports":[{"port":401},{"port":1,"endPort":65535,"protocol":"SCTP"}]}]}""",
            "yes b/client -> a/web TCP 100", "yes b/client -> a/web TCP 250", "yes b/client -> a/web TCP 401", "no b/client -> a/web TCP 402", "yes b/client -> a/web SCTP 9"),
        Case("a range that ends before it starts opens nothing", """{"podSelector":{},"ingress":[{"ports":[{"port":90,"endPort":80}]}]}""", "no b/client -> a/web TCP 80", "no b/client -> a/web TCP 90", "no b/client -> a/web TCP 85"),
        Case("a named port is the receiving pod's, ingress", """{"podSelector":{},"ingress":[{"ports":[{"port":"http"},{"port":"dns","protocol":"UDP"},{"port":"sql","protocol":"UDP"}]}]}""",
            "yes b/client -> a/web TCP 80", "no b/client -> a/web TCP 8080", "yes b/client -> a/web UDP 53", "no b/client -> a/web TCP 53", "no b/client -> a/db TCP 80", "no b/client -> a/db TCP 5432", "no b/client -> a/db UDP 5432"),
        Case("a named port differs from pod to pod, egress", """{"podSelector":{},"policyTypes":["Egress"],"egress":[{"to":[{"namespaceSelector":{}}],"ports":[{"port":"http"}]}]}""",
            "yes a/client -> a/web TCP 80", "no a/client -> a/web TCP 8080", "yes a/client -> b/web TCP 8080", "no a/client -> b/web TCP 80", "no a/client -> a/db TCP 80", "no a/client -> 203.0.113.5 TCP 80"),
        Case("a named port without peers means every pod's", """{"podSelector":{},"policyTypes":["Egress"],"egress":[{"ports":[{"port":"http"},{"port":443}]}]}""",
            "yes a/client -> a/web TCP 80", "yes a/client -> b/web TCP 8080", "no a/client -> b/web TCP 80", "no a/client -> 203.0.113.5 TCP 80", "yes a/client -> 203.0.113.5 TCP 443", "yes a/client -> b/web TCP 443"),
        Case("a named port means nothing for an ipBlock, egress", """{"podSelector":{},"policyTypes":["Egress"],"egress":[{"to":[{"ipBlock":{"cidr":"0.0.0.0/0"}},{"ipBlock":{"cidr":"::/0"}}],"ports":[{"port":"http"}]}]}""",
            "no a/client -> a/web TCP 80", "no a/client -> b/web TCP 8080", "no a/client -> 203.0.113.5 TCP 80"),
        Case("a named port from an ipBlock is the pod's own, ingress", """{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"203.0.113.0/24"}}],"ports":[{"port":"http"}]}]}""",
            "yes 203.0.113.5 -> a/web TCP 80", "no 203.0.113.5 -> a/web TCP 8080", "no b/client -> a/web TCP 80"),
        new("one name for two ports means both",
            [With(Pod("a/web", "n1", "app=web", "10.0.1.1", "fd00:10:1::1"), Named("http", 80), Named("http", 81), Named("http", 82, IpProtocol.Udp)), PolicyOf("a/p", """{"podSelector":{},"ingress":[{"ports":[{"port":"http"}]}]}""")],
            ["yes b/client -> a/web TCP 80", "yes b/client -> a/web TCP 81", "no b/client -> a/web TCP 82", "no b/client -> a/web UDP 82"]),
    ];

    private static IEnumerable<PolicyCase> PodStates()
    {
        var policy = PolicyOf("a/p", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{},"podSelector":{"matchLabels":{"app":"client"}}}]}]}""");
        var client = Pod("a/client", "n1", "app=client", "10.0.1.2", "fd00:10:1::2");
        return
        [
            new("a pod in the node's network is no peer", [policy, Pod("b/host", "n2", "app=client", "192.168.0.2") with { HostNetwork = true }], ["no 192.168.0.2 -> a/web TCP 80", "yes b/client -> a/web TCP 80"]),
            new("a pod in the node's network is not selected", [policy, Pod("a/host", "n2", "app=web", "192.168.0.2") with { HostNetwork = true }], ["yes 203.0.113.5 -> 192.168.0.2 TCP 80", "no 203.0.113.5 -> a/web TCP 80"]),
            new("a finished pod is no peer", [policy, client with { Phase = "Succeeded" }], ["no 10.0.1.2 -> a/db TCP 80"]),
            new("a failed pod is no peer", [policy, client with { Phase = "Failed" }], ["no 10.0.1.2 -> a/db TCP 80"]),
            new("a pod that is being deleted still is one", [policy, client with { Metadata = client.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } }], ["yes a/client -> a/db TCP 80"]),
            new("a finished pod's address goes to the next pod", [policy, client with { Phase = "Succeeded" }, Pod("a/next", "n1", "app=other", "10.0.1.2")], ["no a/next -> a/db TCP 80", "yes a/next -> 203.0.113.5 TCP 1"]),
            new("a pod that waits to be started counts", [policy, client with { Phase = "Pending" }], ["yes a/client -> a/db TCP 80"]),
            new("a named port without peers means pods of a namespace that is not known, too",
                [PolicyOf("a/p", """{"podSelector":{},"policyTypes":["Egress"],"egress":[{"ports":[{"port":"http"}]}]}"""), With(Pod("c/web", "n2", "app=web", "10.0.2.9"), Named("http", 8088))], ["yes a/client -> c/web TCP 8088", "no a/client -> c/web TCP 80"]),
            new("pods of a namespace that is not known match no namespaceSelector", [policy, Pod("c/client", "n2", "app=client", "10.0.2.9")], ["no c/client -> a/web TCP 80"]),
        ];
    }

    private static IEnumerable<PolicyCase> Defaults()
    {
        var deny = new PolicyOptions { DefaultDeny = new DefaultDenyOptions { Enabled = true, ExemptNamespaces = ["b"] } };
        var annotated = Namespace("a", ("team", "red"));
        annotated = annotated with { Metadata = annotated.Metadata with { Annotations = ValueMap.Of(("net.beta.kubernetes.io/network-policy", """{"ingress": {"isolation": "DefaultDeny"}}""")) } };
        return
        [
            new("default deny isolates every pod but those of exempt namespaces", [], ["no a/client -> a/web TCP 80", "no b/client -> a/web TCP 80", "no a/client -> b/web TCP 80", "yes b/client -> b/web TCP 80", "yes a/web -> a/web TCP 80"]) { Options = deny },
            new("policies open what default deny closes", [PolicyOf("a/p", """{"podSelector":{"matchLabels":{"app":"web"}},"ingress":[{"ports":[{"port":80}]}]}""")], ["yes b/client -> a/web TCP 80", "no b/client -> a/db TCP 80", "no a/client -> a/web TCP 80"]) { Options = deny },
            new("the old annotation isolates a namespace for ingress", [annotated], ["no a/client -> a/web TCP 80", "no 203.0.113.5 -> a/web TCP 80", "yes a/client -> b/web TCP 80", "yes a/web -> a/web TCP 80"]),
            new("policies open what the old annotation closes", [annotated, PolicyOf("a/p", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]}""")], ["yes a/client -> a/web TCP 80", "no b/client -> a/web TCP 80"]),
        ];
    }
}

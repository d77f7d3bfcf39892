using System.Globalization;

namespace Kn.Bench.Groups.Policy;

/// <summary>The cluster of these benchmarks: 100 namespaces of ten teams, 100 pods and ten policies in each; 110 of the pods on the lab's node.</summary>
/// <remarks>
/// <para>Twenty apps in five tiers a namespace, so that policies can tell 2,000 kinds of pods apart. Each namespace has: a default deny in both directions;
/// egress to DNS in every namespace, and to the world but for private addresses; its monitoring; and six policies of apps, with peers by pod labels, by
/// namespace labels, by both, by ipBlock, with numbers, ranges and names for ports, TCP, UDP and SCTP.</para>
/// <para>Pods are numbered through; number i is in namespace i mod 100. The first 110 are the node's.</para>
/// </remarks>
internal static class PolicyWorld
{
    public const int Pods = 10_000;
    public const int Local = 110;
    public const int Namespaces = 100;
    public const int PoliciesEach = 10;
    public const int Apps = 20;
    public const int Port = 8080;

    private const int Teams = 10;
    private const int Tiers = 5;

    /// <summary>Names and labels of a namespace.</summary>
    public static string NamespaceOf(int pod) => string.Create(CultureInfo.InvariantCulture, $"team-{pod % Namespaces}");

    public static string PodName(int pod) => string.Create(CultureInfo.InvariantCulture, $"pod-{pod}");

    public static string NodeOf(int pod) => pod < Local ? "node1" : string.Create(CultureInfo.InvariantCulture, $"far{pod / Local}");

    /// <summary>An address outside of the node's podCIDR.</summary>
    public static string AddressOf(int pod) => string.Create(CultureInfo.InvariantCulture, $"10.{128 + (pod >> 16)}.{(pod >> 8) & 255}.{pod & 255}");

    public static int AppOf(int pod) => (pod + (pod / Namespaces)) % Apps;

    public static string Namespace(int number) => string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team-{{{number}}}","labels":{"kubernetes.io/metadata.name":"team-{{{number}}}","team":"t{{{number % Teams}}}"} } }""");

    /// <summary>A pod's labels, with one of its own that no policy asks for.</summary>
    public static string Labels(int pod, int app) => string.Create(
        CultureInfo.InvariantCulture, $$"""{"app":"a{{app}}","tier":"r{{app % Tiers}}","pod-template-hash":"{{pod:x8}}"}""");

    /// <summary>A pod as a client POSTs it.</summary>
    public static string Pod(int pod) => string.Create(
        CultureInfo.InvariantCulture,
        $$$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"{{{NamespaceOf(pod)}}}","name":"{{{PodName(pod)}}}","labels":{{{Labels(pod, AppOf(pod))}}} },
         "spec":{"nodeName":"{{{NodeOf(pod)}}}","terminationGracePeriodSeconds":0,"containers":[{"name":"main","image":"none","command":["sleep","infinity"],"ports":[{"name":"http","containerPort":{{{Port + (AppOf(pod) % 3)}}} }]}]} }
        """);

    /// <summary>What the kubelet of a node elsewhere would say of it.</summary>
    public static string Status(int pod) => string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"status":{"phase":"Running","podIP":"{{{AddressOf(pod)}}}","podIPs":[{"ip":"{{{AddressOf(pod)}}}"}]}}""");

    /// <summary>The name and spec of each policy of a namespace.</summary>
    public static IEnumerable<(string Name, string Spec)> Policies(int number)
    {
        var team = $"t{number % Teams}";
        var friend = $"t{(number + 3) % Teams}";
        var (one, two) = ($"a{number % Apps}", $"a{(number + 7) % Apps}");
        yield return ("default-deny", """{"podSelector":{},"policyTypes":["Ingress","Egress"]}""");
        yield return ("dns", """{"podSelector":{},"policyTypes":["Egress"],"egress":[{"to":[{"namespaceSelector":{}}],"ports":[{"port":53,"protocol":"UDP"},{"port":53,"protocol":"TCP"}]}]}""");
        yield return ("world", $$$"""{"podSelector":{"matchLabels":{"tier":"r0"}},"policyTypes":["Egress"],"egress":[{"to":[{"ipBlock":{"cidr":"0.0.0.0/0","except":["10.0.0.0/8","172.16.0.0/12","192.168.{{{number}}}.0/24"]}}],"ports":[{"port":443}]}]}""");
        yield return ("monitoring", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{},"podSelector":{"matchLabels":{"app":"a19"}}}],"ports":[{"port":9090},{"port":9091}]}]}""");
        yield return ("within", $$$"""{"podSelector":{"matchExpressions":[{"key":"tier","operator":"In","values":["r0","r1"]}]},"ingress":[{"from":[{"podSelector":{}}],"ports":[{"port":{{{8000 + number}}} }]}],"egress":[{"to":[{"podSelector":{}}]}]}""");
        yield return ("front", $$$"""{"podSelector":{"matchLabels":{"app":"{{{one}}}"}},"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"team":"{{{friend}}}"}} }],"ports":[{"port":"http"},{"port":30000,"endPort":32767}]}]}""");
        yield return ("back", $$$"""{"podSelector":{"matchLabels":{"app":"{{{two}}}"}},"ingress":[{"from":[{"podSelector":{"matchLabels":{"tier":"r0"}} },{"namespaceSelector":{"matchLabels":{"team":"{{{team}}}"}},"podSelector":{"matchLabels":{"tier":"r1"}} }],"ports":[{"port":5432},{"port":3868,"protocol":"SCTP"}]}]}""");
        yield return ("calls", $$$"""{"podSelector":{"matchLabels":{"tier":"r{{{number % Tiers}}}"}},"policyTypes":["Egress"],"egress":[{"to":[{"namespaceSelector":{"matchExpressions":[{"key":"team","operator":"In","values":["{{{team}}}","{{{friend}}}"]}]},"podSelector":{"matchLabels":{"app":"{{{two}}}"}} }],"ports":[{"port":"http"},{"port":8443}]}]}""");
        yield return ("outside", $$$"""{"podSelector":{"matchLabels":{"app":"{{{one}}}"}},"ingress":[{"from":[{"ipBlock":{"cidr":"198.51.{{{number}}}.0/24"}},{"ipBlock":{"cidr":"2001:db8:{{{number:x}}}::/48"}}],"ports":[{"port":443},{"port":80}]}]}""");
        yield return ("all-of-tier", """{"podSelector":{"matchLabels":{"tier":"r4"}},"ingress":[{"ports":[{"port":8080},{"port":8081},{"port":8082}]}]}""");
    }

    public static string Policy(int number, string name, string spec) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"namespace":"team-{{number}}","name":"{{name}}"},"spec":{{spec}} }""");
}

using System.Text;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Tests;

/// <summary>Objects as the API server writes them, and the records that they are.</summary>
public static class Samples
{
    public const string NodeJson = """
        {"kind":"Node","apiVersion":"v1","metadata":{"name":"n1","uid":"u1","resourceVersion":"7","creationTimestamp":"2025-01-02T03:04:05Z",
          "labels":{"kubernetes.io/hostname":"n1","z":"é\u00e9"},
          "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"big\":1}","a":"b"},
          "managedFields":[{"manager":"kubelet","fieldsV1":{"f:status":{}}}]},
         "spec":{"podCIDR":"10.244.1.0/24","podCIDRs":["10.244.1.0/24","fd00:10:244:1::/64"],"unschedulable":true,
          "taints":[{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule","timeAdded":null}]},
         "status":{"addresses":[{"type":"Hostname","address":"n1"},{"type":"InternalIP","address":"192.0.2.1"},
          {"type":"ExternalIP","address":"198.51.100.1"},{"address":"2001:db8::1","type":"InternalIP"}],
          "conditions":[{"type":"MemoryPressure","status":"False"},{"type":"Ready","status":"True"}],
          "images":[{"names":["x"],"sizeBytes":12345678901}]}}
        """;

    public const string PodJson = """
        {"metadata":{"name":"p","namespace":"ns","resourceVersion":"8","deletionTimestamp":"2025-01-02T03:04:05Z"},
         "spec":{"nodeName":"n1","hostNetwork":true,"hostname":"h","subdomain":"s",
          "initContainers":[{"name":"once","ports":[{"containerPort":1}]},{"name":"side","restartPolicy":"Always","ports":[{"containerPort":15001,"name":"proxy"}]}],
          "containers":[{"name":"c","ports":[{"containerPort":80,"hostPort":8080,"protocol":"TCP"},{"containerPort":53,"protocol":"UDP","name":"dns"}]},{"name":"d"}]},
         "status":{"phase":"Running","podIP":"10.244.1.5","podIPs":[{"ip":"10.244.1.5"},{"ip":"fd00:10:244:1::5"}],
          "conditions":[{"type":"Ready","status":"True"}]}}
        """;

    public const string ServiceJson = """
        {"metadata":{"name":"s","namespace":"ns"},
         "spec":{"type":"LoadBalancer","clusterIP":"10.96.0.10","clusterIPs":["10.96.0.10","fd00:10:96::a"],"ipFamilies":["IPv4","IPv6"],
          "ports":[{"name":"http","protocol":"TCP","port":80,"targetPort":"web","nodePort":30080,"appProtocol":"kubernetes.io/h2c"},{"name":"dns","protocol":"UDP","port":53,"targetPort":53}],
          "selector":{"app":"web"},"externalIPs":["203.0.113.7"],"externalTrafficPolicy":"Local","internalTrafficPolicy":"Local",
          "sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":60}},"healthCheckNodePort":31000,
          "publishNotReadyAddresses":true,"loadBalancerSourceRanges":["203.0.113.0/24"],"loadBalancerClass":"kn.internal/arp","trafficDistribution":"PreferClose"},
         "status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.9","ipMode":"Proxy"},{"hostname":"example.org"},{"ip":"2001:db8::9"}]}}}
        """;

    public const string SliceJson = """
        {"metadata":{"name":"s-abc","namespace":"ns","labels":{"kubernetes.io/service-name":"s"}},"addressType":"IPv4",
         "endpoints":[{"addresses":["10.244.1.5","10.244.1.6"],"conditions":{"ready":true,"serving":true,"terminating":false},"hostname":"h","nodeName":"n1","zone":"z1",
           "hints":{"forZones":[{"name":"z1"}],"forNodes":[{"name":"n1"}]},"targetRef":{"kind":"Pod","namespace":"ns","name":"p","uid":"u"}},
          {"addresses":["10.244.2.5"],"conditions":{"ready":false,"terminating":true}},{"addresses":["10.244.3.5"]}],
         "ports":[{"name":"http","protocol":"TCP","port":8080},{"port":null,"protocol":"SCTP"}]}
        """;

    public const string NamespaceJson = """{"metadata":{"name":"ns","labels":{"kubernetes.io/metadata.name":"ns"}},"spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}}""";

    public const string ServiceCidrJson = """{"metadata":{"name":"kubernetes"},"spec":{"cidrs":["10.96.0.0/16","fd00:10:96::/112"]},"status":{}}""";

    public const string NetworkPolicyJson = """
        {"metadata":{"name":"web","namespace":"ns"},
         "spec":{"podSelector":{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"NotIn","values":["db","cache"]},{"key":"x","operator":"Exists"}]},
          "policyTypes":["Ingress","Egress"],
          "ingress":[{"from":[{"podSelector":{}},{"namespaceSelector":{"matchLabels":{"team":"a"}},"podSelector":{"matchExpressions":[{"key":"y","operator":"DoesNotExist"}]}},
             {"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16","10.2.0.0/16"]}}],
            "ports":[{"protocol":"TCP","port":80},{"port":"http"},{"protocol":"SCTP"},{"protocol":"UDP","port":8000,"endPort":9000}]},{}],
          "egress":[{"to":[{"ipBlock":{"cidr":"fd00::/8"}}]}]}}
        """;

    public const string IngressJson = """
        {"metadata":{"name":"i","namespace":"ns","annotations":{"kubernetes.io/ingress.class":"kn"}},
         "spec":{"ingressClassName":"kn","defaultBackend":{"service":{"name":"d","port":{"number":8080}}},
          "tls":[{"hosts":["example.org","*.example.org"],"secretName":"cert"},{}],
          "rules":[{"host":"example.org","http":{"paths":[{"path":"/a","pathType":"Prefix","backend":{"service":{"name":"a","port":{"name":"http"}}}},
             {"path":"/b","pathType":"Exact","backend":{"resource":{"apiGroup":"x.io","kind":"Bucket","name":"b"}}}]}},
            {"http":{"paths":[{"pathType":"ImplementationSpecific","backend":{"service":{"name":"c","port":{"number":80}}}}]}}]},
         "status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}
        """;

    public const string IngressClassJson = """{"metadata":{"name":"kn","annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},"spec":{"controller":"kn.internal/ingress","parameters":null}}""";

    public const string SecretJson = """{"metadata":{"name":"cert","namespace":"ns"},"type":"kubernetes.io/tls","data":{"tls.crt":"Y2VydA==","tls.key":"a2V5"}}""";

    public static IReadOnlyList<(ResourceKind Kind, string Json, KubernetesObject Expected)> All { get; } =
    [
        (ResourceKinds.Nodes, NodeJson, new Node
        {
            Metadata = new ObjectMeta
            {
                Name = "n1", Uid = "u1", ResourceVersion = "7", CreationTimestamp = new DateTimeOffset(2025, 1, 2, 3, 4, 5, TimeSpan.Zero),
                Labels = ValueMap.Of(("kubernetes.io/hostname", "n1"), ("z", "éé")), Annotations = ValueMap.Of(("a", "b")),
            },
            PodCidrs = [IpPrefix.Parse("10.244.1.0/24"), IpPrefix.Parse("fd00:10:244:1::/64")],
            InternalIps = [IpAddress.Parse("192.0.2.1"), IpAddress.Parse("2001:db8::1")],
            ExternalIps = [IpAddress.Parse("198.51.100.1")],
            Unschedulable = true, TaintKeys = ["node.kubernetes.io/unschedulable"], Ready = true,
        }),
        (ResourceKinds.Pods, PodJson, new Pod
        {
            Metadata = new ObjectMeta { Name = "p", Namespace = "ns", ResourceVersion = "8", DeletionTimestamp = new DateTimeOffset(2025, 1, 2, 3, 4, 5, TimeSpan.Zero) },
            NodeName = "n1", HostNetwork = true, Hostname = "h", Subdomain = "s", Phase = "Running", Ready = true,
            PodIps = [IpAddress.Parse("10.244.1.5"), IpAddress.Parse("fd00:10:244:1::5")],
            Ports = [new("proxy", IpProtocol.Tcp, 15001, 0), new("", IpProtocol.Tcp, 80, 8080), new("dns", IpProtocol.Udp, 53, 0)],
        }),
        (ResourceKinds.Services, ServiceJson, new Service
        {
            Metadata = new ObjectMeta { Name = "s", Namespace = "ns" }, Type = "LoadBalancer",
            ClusterIps = [IpAddress.Parse("10.96.0.10"), IpAddress.Parse("fd00:10:96::a")], IpFamilies = [IpFamily.V4, IpFamily.V6],
            Ports = [new("http", IpProtocol.Tcp, 80, 30080, "kubernetes.io/h2c"), new("dns", IpProtocol.Udp, 53, 0)],
            Selector = ValueMap.Of(("app", "web")), ExternalIps = [IpAddress.Parse("203.0.113.7")],
            ExternalTrafficPolicyLocal = true, InternalTrafficPolicyLocal = true, ClientIpAffinitySeconds = 60, HealthCheckNodePort = 31000,
            PublishNotReadyAddresses = true, LoadBalancerSourceRanges = [IpPrefix.Parse("203.0.113.0/24")],
            LoadBalancerClass = "kn.internal/arp", TrafficDistribution = "PreferClose",
            LoadBalancerIngress = [new(IpAddress.Parse("203.0.113.9"), true), new(IpAddress.Parse("2001:db8::9"), false)],
        }),
        (ResourceKinds.EndpointSlices, SliceJson, new EndpointSlice
        {
            Metadata = new ObjectMeta { Name = "s-abc", Namespace = "ns", Labels = ValueMap.Of(("kubernetes.io/service-name", "s")) },
            ServiceName = "s", Family = IpFamily.V4,
            Ports = [new("http", IpProtocol.Tcp, 8080), new("", IpProtocol.Sctp, null)],
            Endpoints =
            [
                new Endpoint
                {
                    Address = IpAddress.Parse("10.244.1.5"), Hostname = "h", NodeName = "n1", Zone = "z1", ForZones = ["z1"], ForNodes = ["n1"], Pod = new("ns", "p"),
                },
                new Endpoint { Address = IpAddress.Parse("10.244.2.5"), Ready = false, Serving = false, Terminating = true },
                new Endpoint { Address = IpAddress.Parse("10.244.3.5") },
            ],
        }),
        (ResourceKinds.Namespaces, NamespaceJson, new Namespace { Metadata = new ObjectMeta { Name = "ns", Labels = ValueMap.Of(("kubernetes.io/metadata.name", "ns")) } }),
        (ResourceKinds.ServiceCidrs, ServiceCidrJson, new ServiceCidr
        {
            Metadata = new ObjectMeta { Name = "kubernetes" }, Cidrs = [IpPrefix.Parse("10.96.0.0/16"), IpPrefix.Parse("fd00:10:96::/112")],
        }),
        (ResourceKinds.NetworkPolicies, NetworkPolicyJson, new NetworkPolicy
        {
            Metadata = new ObjectMeta { Name = "web", Namespace = "ns" },
            PodSelector = new LabelSelector(ValueMap.Of(("app", "web")), [new("tier", LabelOperator.NotIn, ["db", "cache"]), new("x", LabelOperator.Exists)]),
            IsolatesIngress = true, IsolatesEgress = true,
            Ingress =
            [
                new NetworkPolicyRule(
                    [
                        new(PodSelector: LabelSelector.Everything),
                        new(new LabelSelector(default, [new("y", LabelOperator.DoesNotExist)]), new LabelSelector(ValueMap.Of(("team", "a")))),
                        new(IpBlock: new IpBlock(IpPrefix.Parse("10.0.0.0/8"), [IpPrefix.Parse("10.1.0.0/16"), IpPrefix.Parse("10.2.0.0/16")])),
                    ],
                    [new(Port: 80), new(Name: "http"), new(IpProtocol.Sctp), new(IpProtocol.Udp, 8000, 9000)]),
                new NetworkPolicyRule(),
            ],
            Egress = [new NetworkPolicyRule([new(IpBlock: new IpBlock(IpPrefix.Parse("fd00::/8")))])],
        }),
        (ResourceKinds.Ingresses, IngressJson, new Ingress
        {
            Metadata = new ObjectMeta { Name = "i", Namespace = "ns", Annotations = ValueMap.Of(("kubernetes.io/ingress.class", "kn")) },
            ClassName = "kn", DefaultBackend = new IngressBackend("d", 8080),
            Rules =
            [
                new("example.org",
                    [new("/a", IngressPathType.Prefix, new("a", PortName: "http")), new("/b", IngressPathType.Exact, new(Resource: "Bucket/b"))]),
                new("", [new("", IngressPathType.ImplementationSpecific, new("c", 80))]),
            ],
            Tls = [new(["example.org", "*.example.org"], "cert"), new([], null)],
            LoadBalancer = [new(IpAddress.Parse("192.0.2.1"))],
        }),
        (ResourceKinds.IngressClasses, IngressClassJson, new IngressClass
        {
            Metadata = new ObjectMeta { Name = "kn", Annotations = ValueMap.Of((IngressClass.DefaultAnnotation, "true")) }, Controller = "kn.internal/ingress",
        }),
        (ResourceKinds.Secrets, SecretJson, new Secret
        {
            Metadata = new ObjectMeta { Name = "cert", Namespace = "ns" }, Type = Secret.TlsType, Data = ValueMap.Of(("tls.crt", "Y2VydA=="), ("tls.key", "a2V5")),
        }),
    ];

    public static T Decode<T>(ResourceKind<T> kind, string json)
        where T : KubernetesObject => kind.Decode(Encoding.UTF8.GetBytes(json), new StringPool());

    public static Service Service(string name, string version = "1", int port = 80) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "ns", ResourceVersion = version },
        Ports = [new ServicePort("", IpProtocol.Tcp, (ushort)port, 0)],
    };

    public static string ServiceText(string name, string version, int port = 80) =>
        $$$"""{"metadata":{"name":"{{{name}}}","namespace":"ns","resourceVersion":"{{{version}}}"},"spec":{"ports":[{"port":{{{port}}}}]}}""";
}

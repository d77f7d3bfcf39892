using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.Kubelet;
using Kn.Primitives;

namespace Kn.Lab.Tests.Kubelet;

public sealed class PodPlanTests
{
    private static readonly IpAddress[] Dns = [IpAddress.Parse("10.96.0.10")];
    private static readonly IpAddress[] PodIps = [IpAddress.Parse("10.244.1.2"), IpAddress.Parse("fd00::2")];
    private static readonly IpAddress[] HostIps = [IpAddress.Parse("192.168.77.11")];
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("{}", "nameserver 10.96.0.10\nsearch ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n")]
    [InlineData("{dnsPolicy: Default}", "of node\n")]
    [InlineData("{hostNetwork: true}", "of node\n")]
    [InlineData("{hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet}", "nameserver 10.96.0.10\nsearch ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n")]
    [InlineData("{dnsPolicy: None, dnsConfig: {nameservers: [1.1.1.1], searches: [a.b], options: [{name: ndots, value: '2'}, {name: edns0}]}}", "nameserver 1.1.1.1\nsearch a.b\noptions ndots:2 edns0\n")]
    [InlineData("{dnsConfig: {options: [{name: ndots, value: '1'}]}}", "nameserver 10.96.0.10\nsearch ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:1\n")]
    public void ResolvConf_FollowsPolicyAndConfig(string spec, string expected) =>
        Assert.Equal(expected, PodText.ResolvConf(Pod(spec), Dns, "cluster.local", "of node\n"));

    [Fact]
    public void Hosts_NamesThePod_ItsSubdomainAndItsAliases()
    {
        var hosts = PodText.Hosts(Pod("{hostname: h, subdomain: sub, hostAliases: [{ip: 1.2.3.4, hostnames: [a, b]}]}"), PodIps, "cluster.local");
        Assert.EndsWith("10.244.1.2\th.sub.ns.svc.cluster.local\th\nfd00::2\th.sub.ns.svc.cluster.local\th\n1.2.3.4\ta\tb\n", hosts, StringComparison.Ordinal);
    }

    [Fact]
    public void Hostname_IsCutToWhatAHostNameMayBe()
    {
        var pod = Pod("{}");
        pod["metadata"]!["name"] = new string('a', 62) + ".b";
        Assert.Equal(new string('a', 62), PodText.Hostname(pod));
    }

    [Fact]
    public void Environment_HasLiteralsFieldsAndReferences()
    {
        var container = Tree("{env: [{name: A, value: x}, {name: B, value: '$(A)-$(NOPE)-$$(A)'}, {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}, {name: L, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['app']\"}}}]}");
        var environment = ContainerPlan.Environment(Pod("{}"), container, PodIps, HostIps);
        Assert.Equal("x-$(NOPE)-$(A)", environment["B"]);
        Assert.Equal("10.244.1.2", environment["IP"]);
        Assert.Equal("web", environment["L"]);
        Assert.Equal("pod-0", environment["HOSTNAME"]);
    }

    [Fact]
    public void ContainerWithoutCommand_IsTheEchoServerOnItsPorts()
    {
        var container = Tree("{args: [ignored], ports: [{containerPort: 8080}, {containerPort: 53, protocol: UDP}, {containerPort: 9, protocol: SCTP}]}");
        Assert.Equal(
            ["/kn-lab", "echo", "--ready", "/r", "--tcp", "8080", "--udp", "53"],
            ContainerPlan.Command(container, new Dictionary<string, string>(StringComparer.Ordinal), "/kn-lab", "/r"));
    }

    [Fact]
    public void Command_TakesArgsAndReferences() => Assert.Equal(
        ["sh", "-c", "echo v"],
        ContainerPlan.Command(Tree("{command: [sh, -c], args: ['echo $(X)']}"), new Dictionary<string, string>(StringComparer.Ordinal) { ["X"] = "v" }, "", ""));

    [Fact]
    public void Probe_ResolvesANamedPort_AndHasTheApisDefaults()
    {
        var probe = ReadinessProbe.Of(Tree("{ports: [{name: web, containerPort: 8080}], readinessProbe: {httpGet: {path: /x, port: web}}}"));
        Assert.Equal((ProbeKind.Http, 8080, "/x", 10, 1, 1, 3), (probe!.Kind, probe.Port, probe.Path, (int)probe.Period.TotalSeconds, (int)probe.Patience.TotalSeconds, probe.SuccessThreshold, probe.FailureThreshold));
        Assert.Null(ReadinessProbe.Of(Tree("{}")));
    }

    public static TheoryData<string, bool, bool> Phases() => new()
    {
        { "Pending", false, false }, { "Running", true, false }, { "Running", true, true },
    };

    [Theory, MemberData(nameof(Phases))]
    public void Status_OfOneContainer(string phase, bool runs, bool ready)
    {
        var state = new ContainerState { RunningSince = runs ? Now : null, IsReady = ready };
        var status = PodStatus.Build(Pod("{containers: [{name: c, image: i}]}"), PodIps, HostIps, States(state), Now, Now);
        Assert.Equal(phase, status.Text("phase"));
        Assert.Equal(ready ? "True" : "False", Condition(status, "Ready").Text("status"));
        Assert.Equal("10.244.1.2", status.Text("podIP"));
        Assert.Equal(2, status.Maps("podIPs").Count());
        Assert.Equal(ready, status.Maps("containerStatuses").Single().Flag("ready"));
    }

    [Theory]
    [InlineData("Always", 0, true)]
    [InlineData("OnFailure", 0, false)]
    [InlineData("OnFailure", 1, true)]
    [InlineData("Never", 1, false)]
    public void RestartPolicy_Decides(string policy, int exitCode, bool again) => Assert.Equal(again, ContainerState.ShouldRestart(policy, exitCode));

    [Theory]
    [InlineData(0, "Succeeded")]
    [InlineData(2, "Failed")]
    public void Phase_WhenAllIsOver(int exitCode, string phase) =>
        Assert.Equal(phase, PodStatus.Phase([new ContainerState { IsOver = true, LastEnd = new ContainerEnd(exitCode, Now, Now) }]));

    [Fact]
    public void Conditions_KeepTheirTimeWhileTheyStay_AndThoseOfOthers()
    {
        var pod = Pod("{containers: [{name: c}]}");
        pod["status"] = Tree("{conditions: [{type: Ready, status: 'True', lastTransitionTime: T1}, {type: Initialized, status: 'False', lastTransitionTime: T2}, {type: example.com/gate, status: 'True'}]}");
        var status = PodStatus.Build(pod, PodIps, HostIps, States(new ContainerState { RunningSince = Now, IsReady = true }), Now, Now);
        Assert.Equal("T1", Condition(status, "Ready").Text("lastTransitionTime"));
        Assert.Equal("2026-01-02T03:04:05Z", Condition(status, "Initialized").Text("lastTransitionTime"));
        Assert.Equal("True", Condition(status, "example.com/gate").Text("status"));
    }

    private static Dictionary<string, ContainerState> States(ContainerState state) => new(StringComparer.Ordinal) { ["c"] = state };

    private static JsonObject Condition(JsonObject status, string type) => status.Maps("conditions").Single(condition => condition.Text("type") == type);

    private static JsonObject Tree(string yaml) => YamlTree.Parse(yaml)!.AsObject();

    private static JsonObject Pod(string spec) => new()
    {
        ["metadata"] = Tree("{name: pod-0, namespace: ns, uid: 11112222-3333, labels: {app: web}}"),
        ["spec"] = Tree(spec),
    };
}

using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.Controllers;
using Kn.Primitives;

namespace Kn.Lab.Tests.Controllers;

public class ControllerRuleTests
{
    [Theory]
    [InlineData("{}", "n2")]
    [InlineData("{nodeSelector: {disk: ssd}}", "n1")]
    [InlineData("{tolerations: [{operator: Exists}], nodeSelector: {role: cp}}", "n3")]
    [InlineData("{tolerations: [{key: cp, operator: Equal, value: 'yes', effect: NoSchedule}], nodeSelector: {role: cp}}", "n3")]
    [InlineData("{nodeSelector: {role: cp}}", null)]
    [InlineData("{nodeSelector: {kubernetes.io/hostname: down}}", null)]
    public void Scheduler_Honours(string spec, string? expected)
    {
        JsonObject[] nodes =
        [
            Node("n1", "{disk: ssd}", "{}"), Node("n2", "{}", "{}"),
            Node("n3", "{role: cp}", "{taints: [{key: cp, value: 'yes', effect: NoSchedule}]}"),
            Node("down", "{kubernetes.io/hostname: down}", "{unschedulable: true}"),
        ];
        var pod = Json.Of($"{{metadata: {{name: p}}, spec: {spec}}}");
        Assert.Equal(expected, SchedulerRules.Choose(pod, nodes, [(Json.Of("{metadata: {name: q}}"), "n1")]).Node);
    }

    [Fact]
    public void Scheduler_SpreadsSiblingsFirst()
    {
        const string Owner = "ownerReferences: [{uid: u, controller: true}]";
        var pod = Json.Of($"{{metadata: {{name: p, {Owner}}}}}");
        (JsonObject, string)[] placed = [(pod, "n1"), (Json.Of("{metadata: {name: x}}"), "n2"), (Json.Of("{metadata: {name: y}}"), "n2")];
        Assert.Equal("n2", SchedulerRules.Choose(pod, [Node("n1", "{}", "{}"), Node("n2", "{}", "{}")], placed).Node);
    }

    [Fact]
    public void PodCidrs_AreTheFirstFree_OfBothFamilies()
    {
        IpPrefix[] cluster = [IpPrefix.Parse("10.244.0.0/23"), IpPrefix.Parse("fd00::/56")];
        var first = PodCidrRules.Choose(cluster, [])!;
        Assert.Equal(["10.244.0.0/24", "fd00::/64"], first.Select(prefix => prefix.ToString()));
        var second = PodCidrRules.Choose(cluster, first)!;
        Assert.Equal(["10.244.1.0/24", "fd00:0:0:1::/64"], second.Select(prefix => prefix.ToString()));
        Assert.Null(PodCidrRules.Choose(cluster, [.. first, .. second]));
    }

    [Fact]
    public void Endpoints_CarryConditions_AndNamedPortsOfEachPod()
    {
        var service = Service("{ports: [{name: web, port: 80, targetPort: http}]}");
        JsonObject[] pods = [Pod("a", "10.0.0.1", 8080), Pod("b", "10.0.0.2", 9090), Pod("c", "10.0.0.3", 8080, ready: false), Pod("d", "10.0.0.4", 8080, deleting: true)];
        var slices = EndpointSliceRules.Plan(service, pods, []).Create;
        Assert.Equal(2, slices.Count);
        var first = slices.Single(slice => slice.Maps("ports").Single().Number("port") == 8080);
        Json.Same("{ready: true, serving: true, terminating: false}", Conditions(first, "a"));
        Json.Same("{ready: false, serving: false, terminating: false}", Conditions(first, "c"));
        Json.Same("{ready: false, serving: true, terminating: true}", Conditions(first, "d"));
        Assert.Equal("svc", first.Text("metadata", "labels", EndpointSliceRules.ServiceNameLabel));
    }

    [Fact]
    public void PublishNotReady_MakesAllReady() =>
        Assert.True(EndpointSliceRules.Plan(Service("{publishNotReadyAddresses: true}"), [Pod("a", "10.0.0.1", 1, ready: false)], []).Create
            .Single().Maps("endpoints").Single().Flag("conditions", "ready"));

    [Fact]
    public void DualStack_HasSlicesOfBothFamilies()
    {
        var service = Service("{ipFamilies: [IPv4, IPv6], ports: [{port: 80}]}");
        var pod = Pod("a", "10.0.0.1", 1);
        pod.Ensure("status")["podIPs"] = YamlTree.Parse("[{ip: 10.0.0.1}, {ip: 'fd00::1'}]");
        Assert.Equal([("IPv4", "10.0.0.1"), ("IPv6", "fd00::1")], EndpointSliceRules.Plan(service, [pod], []).Create
            .Select(slice => (slice.Text("addressType")!, slice.Maps("endpoints").Single().Texts("addresses").Single())));
    }

    [Fact]
    public void Hostname_IsSetWhereTheSubdomainIsTheService()
    {
        var pod = Pod("a", "10.0.0.1", 1);
        pod.Ensure("spec")["hostname"] = "h";
        Assert.Null(EndpointSliceRules.Plan(Service("{}"), [pod], []).Create.Single().Maps("endpoints").Single().Text("hostname"));
        pod.Ensure("spec")["subdomain"] = "svc";
        Assert.Equal("h", EndpointSliceRules.Plan(Service("{}"), [pod], []).Create.Single().Maps("endpoints").Single().Text("hostname"));
    }

    [Fact]
    public void Slices_HoldAHundredEach_AndOneChangeRewritesOne()
    {
        var service = Service("{ports: [{port: 80}]}");
        var pods = Enumerable.Range(0, 250).Select(i => Pod($"p{i:000}", $"10.0.{i / 100}.{i % 100 + 1}", 1)).ToList();
        var slices = EndpointSliceRules.Plan(service, pods, []).Create;
        Assert.Equal([100, 100, 50], slices.Select(slice => slice.Maps("endpoints").Count()));
        Named(slices);
        Assert.Empty(Touched(EndpointSliceRules.Plan(service, pods, slices)));
        pods.RemoveAt(120);
        var change = EndpointSliceRules.Plan(service, pods, slices);
        Assert.Empty(change.Create);
        Assert.Empty(change.Delete);
        Assert.InRange(change.Replace.Count, 1, 2);
        Assert.Equal(3, EndpointSliceRules.Plan(service, [], slices).Delete.Count + EndpointSliceRules.Plan(service, [], slices).Replace.Count);
    }

    [Fact]
    public void Surplus_TakesUnscheduledThenUnreadyThenYoungest()
    {
        JsonObject P(string name, string node, bool ready, string created) =>
            Json.Of($"{{metadata: {{name: {name}, creationTimestamp: '{created}'}}, spec: {{nodeName: '{node}'}}, status: {{conditions: [{{type: Ready, status: '{ready}'}}]}}}}");
        JsonObject[] pods = [P("old", "n", true, "2026-01-01T00:00:00Z"), P("young", "n", true, "2026-01-02T00:00:00Z"), P("unready", "n", false, "2026-01-01T00:00:00Z"), P("unscheduled", "", true, "2026-01-01T00:00:00Z")];
        Assert.Equal(["unscheduled", "unready", "young"], ReplicaSetSync.Surplus(pods, 3).Select(pod => pod.Name()));
    }

    [Fact]
    public void Deployment_FindsItsReplicaSetByTemplate()
    {
        var deployment = Json.Of("{metadata: {name: d, namespace: x, uid: u}, spec: {replicas: 2, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}");
        var set = DeploymentRules.NewReplicaSet(deployment, 1);
        Assert.Same(set, DeploymentRules.FindCurrent(deployment, [set]));
        deployment.Ensure("spec", "template", "spec")["hostNetwork"] = true;
        Assert.Null(DeploymentRules.FindCurrent(deployment, [set]));
        Assert.NotEqual(set.Name(), DeploymentRules.NewReplicaSet(deployment, 2).Name());
    }

    [Fact]
    public async Task WorkQueue_GivesAKeyToOneWorkerAtATime()
    {
        var queue = new WorkQueue();
        queue.Add("a");
        queue.Add("a");
        Assert.Equal("a", await queue.TakeAsync(default));
        queue.Add("a");
        queue.Add("b");
        Assert.Equal("b", await queue.TakeAsync(default));
        queue.Done("a");
        Assert.Equal("a", await queue.TakeAsync(default));
    }

    private static void Named(List<JsonObject> slices)
    {
        foreach (var (index, slice) in slices.Index())
        {
            slice.Ensure("metadata")["name"] = $"s{index}";
        }
    }

    private static IEnumerable<JsonObject> Touched(SliceChanges changes) => [.. changes.Create, .. changes.Replace, .. changes.Delete];

    private static JsonNode? Conditions(JsonObject slice, string pod) =>
        slice.Maps("endpoints").Single(endpoint => endpoint.Text("targetRef", "name") == pod)["conditions"];

    private static JsonObject Node(string name, string labels, string spec) =>
        Json.Of($"{{metadata: {{name: {name}, labels: {labels}}}, spec: {spec}, status: {{conditions: [{{type: Ready, status: 'True'}}]}}}}");

    private static JsonObject Service(string spec)
    {
        var service = Json.Of($"{{metadata: {{name: svc, namespace: x, uid: su}}, spec: {spec}}}");
        service.Ensure("spec")["selector"] = Json.Of("{app: web}");
        service.Ensure("spec").Default("ipFamilies", YamlTree.Parse("[IPv4]"));
        return service;
    }

    private static JsonObject Pod(string name, string address, int port, bool ready = true, bool deleting = false)
    {
        var pod = Json.Of($"{{metadata: {{name: {name}, namespace: x, uid: uid-{name}, labels: {{app: web}}}}, spec: {{nodeName: n, containers: [{{name: c, ports: [{{name: http, containerPort: {port}}}]}}]}}, status: {{podIP: {address}, podIPs: [{{ip: {address}}}], conditions: [{{type: Ready, status: '{ready}'}}]}}}}");
        if (deleting)
        {
            pod.Ensure("metadata")["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        }

        return pod;
    }
}

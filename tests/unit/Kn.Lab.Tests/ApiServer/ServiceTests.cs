using Kn.Lab.Api;
using Kn.Lab.ApiServer;
using static Kn.Lab.Api.ApiResources;

namespace Kn.Lab.Tests.ApiServer;

public class ServiceTests
{
    private const string Ports = "ports: [{port: 80}]";
    private readonly Registry _registry = new();

    [Fact]
    public void ClusterIP_OfOneFamily_IsTheDefault()
    {
        var service = _registry.Create(Services, $"{{metadata: {{name: a}}, spec: {{{Ports}}}}}");
        Assert.StartsWith("10.96.0.", service.Text("spec", "clusterIP"), StringComparison.Ordinal);
        Assert.Equal("SingleStack", service.Text("spec", "ipFamilyPolicy"));
        Assert.Equal(["IPv4"], service.Texts("spec", "ipFamilies"));
        Assert.Equal("Cluster", service.Text("spec", "internalTrafficPolicy"));
        Json.Same("[{port: 80, protocol: TCP, targetPort: 80}]", service.At("spec", "ports"));
    }

    [Theory]
    [InlineData("PreferDualStack")]
    [InlineData("RequireDualStack")]
    public void DualStack_GetsAnAddressOfEachFamily(string policy)
    {
        var service = _registry.Create(Services, $"{{metadata: {{name: a}}, spec: {{ipFamilyPolicy: {policy}, {Ports}}}}}");
        Assert.Equal(["IPv4", "IPv6"], service.Texts("spec", "ipFamilies"));
        Assert.Equal(2, service.Texts("spec", "clusterIPs").Count());
        Assert.Contains(':', service.Texts("spec", "clusterIPs").Last());
    }

    [Fact]
    public void DualStack_OnASingleStackCluster_IsPreferredOrRefused()
    {
        var single = new Registry(prefixes: ["10.96.0.0/24"]);
        Assert.Equal(["IPv4"], single.Create(Services, $"{{metadata: {{name: a}}, spec: {{ipFamilyPolicy: PreferDualStack, {Ports}}}}}").Texts("spec", "ipFamilies"));
        var refusal = Assert.Throws<StatusException>(() => single.Create(Services, $"{{metadata: {{name: b}}, spec: {{ipFamilyPolicy: RequireDualStack, {Ports}}}}}"));
        Assert.Contains("spec.ipFamilyPolicy", refusal.Message);
    }

    [Fact]
    public void SingleStackService_BecomesDualAndBack()
    {
        var one = _registry.Create(Services, $"{{metadata: {{name: a}}, spec: {{{Ports}}}}}").Text("spec", "clusterIP");
        var dual = _registry.Update(Services, "a", With("{spec: {ipFamilyPolicy: PreferDualStack}}"));
        Assert.Equal(2, dual.Texts("spec", "clusterIPs").Count());
        Assert.Equal(one, dual.Text("spec", "clusterIP"));
        Assert.Equal([one!], _registry.Update(Services, "a", With("{spec: {ipFamilyPolicy: SingleStack}}")).Texts("spec", "clusterIPs"));
    }

    [Fact]
    public void Headless_HasNoAddress_AndWithoutSelectorBothFamilies()
    {
        var service = _registry.Create(Services, "{metadata: {name: a}, spec: {clusterIP: None}}");
        Assert.Equal(["None"], service.Texts("spec", "clusterIPs"));
        Assert.Equal("RequireDualStack", service.Text("spec", "ipFamilyPolicy"));
        Assert.Equal("SingleStack", _registry.Create(Services, "{metadata: {name: b}, spec: {clusterIP: None, selector: {a: b}}}").Text("spec", "ipFamilyPolicy"));
    }

    [Fact]
    public void ExternalName_HasNothingAllocated()
    {
        var service = _registry.Create(Services, "{metadata: {name: a}, spec: {type: ExternalName, externalName: x.y}}");
        Assert.Null(service.At("spec", "clusterIP"));
        Assert.Null(service.At("spec", "ipFamilies"));
    }

    [Fact]
    public void NodePorts_AreUnique_SharedByProtocols_AndGivenBack()
    {
        var dns = _registry.Create(Services, "{metadata: {name: a}, spec: {type: NodePort, ports: [{name: u, port: 53, protocol: UDP}, {name: t, port: 53}]}}");
        var ports = dns.Maps("spec", "ports").Select(port => port.Number("nodePort")).ToList();
        Assert.Equal(ports[0], ports[1]);
        Assert.InRange(ports[0]!.Value, 30000, 32767);
        string Taken(string name) => $"{{metadata: {{name: {name}}}, spec: {{type: NodePort, ports: [{{port: 1, nodePort: {ports[0]}}}]}}}}";
        Assert.Contains("provided port is already allocated", Assert.Throws<StatusException>(() => _registry.Create(Services, Taken("b"))).Message);
        _registry.Update(Services, "a", With("{spec: {type: ClusterIP}}"));
        Assert.Null(_registry.Find(Services, "a")!.Tree.Maps("spec", "ports").First()["nodePort"]);
        _registry.Create(Services, Taken("b"));
    }

    [Fact]
    public void AddressInUse_IsRefused_AndFreeAfterDelete()
    {
        const string Fixed = "spec: {clusterIP: 10.96.0.9, ports: [{port: 80}]}";
        _registry.Create(Services, $"{{metadata: {{name: a}}, {Fixed}}}");
        Assert.Equal(422, Assert.Throws<StatusException>(() => _registry.Create(Services, $"{{metadata: {{name: b}}, {Fixed}}}")).Code);
        _registry.Delete(Services, "a");
        _registry.Create(Services, $"{{metadata: {{name: b}}, {Fixed}}}");
    }

    [Fact]
    public void DryRun_TakesNothing()
    {
        const string Fixed = "spec: {clusterIP: 10.96.0.9, ports: [{port: 80}]}";
        _registry.Create(Services, $"{{metadata: {{name: a}}, {Fixed}}}", dryRun: true);
        Assert.Null(_registry.Find(Services, "a"));
        _registry.Create(Services, $"{{metadata: {{name: a}}, {Fixed}}}");
    }

    [Fact]
    public void ClusterIP_MayNotChange()
    {
        _registry.Create(Services, $"{{metadata: {{name: a}}, spec: {{{Ports}}}}}");
        var refusal = Assert.Throws<StatusException>(() => _registry.Update(Services, "a", With("{spec: {clusterIP: 10.96.0.200}}")));
        Assert.Equal(422, refusal.Code);
        Assert.Contains("may not change once set", refusal.Message);
    }

    [Fact]
    public void Full_IsSaid()
    {
        var tiny = new Registry(prefixes: ["10.0.0.0/30"]);
        tiny.Create(Services, $"{{metadata: {{name: a}}, spec: {{{Ports}}}}}");
        tiny.Create(Services, $"{{metadata: {{name: b}}, spec: {{{Ports}}}}}");
        Assert.Contains("range is full", Assert.Throws<StatusException>(() => tiny.Create(Services, $"{{metadata: {{name: c}}, spec: {{{Ports}}}}}")).Message);
    }

    [Theory]
    [InlineData("{metadata: {name: 1a}, spec: {ports: [{port: 80}]}}", "metadata.name")]
    [InlineData("{metadata: {name: a}, spec: {}}", "spec.ports: Required value")]
    [InlineData("{metadata: {name: a}, spec: {ports: [{port: 0}]}}", "spec.ports[0].port")]
    [InlineData("{metadata: {name: a}, spec: {ports: [{port: 1}, {port: 2}]}}", "spec.ports[0].name: Required value")]
    [InlineData("{metadata: {name: a}, spec: {type: Wrong, ports: [{port: 1}]}}", "Unsupported value: \"Wrong\"")]
    [InlineData("{metadata: {name: a}, spec: {type: NodePort, ports: [{port: 1, nodePort: 80}]}}", "spec.ports[0].nodePort")]
    [InlineData("{metadata: {name: a}, spec: {clusterIP: 1.2.3, ports: [{port: 1}]}}", "must be a valid IP address")]
    public void Wrong_IsInvalidWithItsField(string yaml, string field)
    {
        var refusal = Assert.Throws<StatusException>(() => _registry.Create(Services, yaml));
        Assert.Equal(422, refusal.Code);
        Assert.Contains(field, refusal.Message);
    }

    private static Func<System.Text.Json.Nodes.JsonObject, System.Text.Json.Nodes.JsonObject> With(string patch) => tree =>
    {
        Kn.Lab.ApiServer.Patches.MergePatch.Apply(tree, Json.Of(patch));
        return tree;
    };
}

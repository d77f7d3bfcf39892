using Kn.Lab.Api;
using Kn.Lab.ApiServer;
using Kn.Lab.ApiServer.Storage;
using static Kn.Lab.Api.ApiResources;

namespace Kn.Lab.Tests.ApiServer;

public class StorageTests
{
    private const string Pod = "{metadata: {name: p}, spec: {containers: [{name: a, image: b}]}}";
    private readonly Registry _registry = new();

    [Fact]
    public void Create_FillsInIdentityAndDefaults()
    {
        var pod = _registry.Create(Pods, Pod);
        Assert.NotEmpty(pod.Uid());
        Assert.NotEmpty(pod.ResourceVersion());
        Assert.Equal("default", pod.Namespace());
        Assert.Equal("Pending", pod.Text("status", "phase"));
        Assert.Equal("Always", pod.Text("spec", "restartPolicy"));
        Assert.Equal(30, pod.Number("spec", "terminationGracePeriodSeconds"));
    }

    [Fact]
    public void Create_Twice_IsAlreadyExists()
    {
        _registry.Create(Pods, Pod);
        var refusal = Assert.Throws<StatusException>(() => _registry.Create(Pods, Pod));
        Assert.Equal((409, "AlreadyExists"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    public void Create_WithoutItsNamespace_IsNotFound()
    {
        var refusal = Assert.Throws<StatusException>(() => _registry.Objects.Create(_registry.Kind(Pods), "nope", Json.Of(Pod), false));
        Assert.Equal((404, "namespaces \"nope\" not found"), (refusal.Code, refusal.Message));
    }

    [Fact]
    public void Update_OfAnOlderVersion_IsConflict()
    {
        var old = _registry.Create(ConfigMaps, "{metadata: {name: c}, data: {a: b}}").Copy();
        _registry.Update(ConfigMaps, "c", _ => Json.Of("{metadata: {name: c}, data: {a: c}}"));
        old["data"] = Json.Of("{a: d}");
        Assert.Equal("Conflict", Assert.Throws<StatusException>(() => _registry.Update(ConfigMaps, "c", _ => old)).Reason);
    }

    [Fact]
    public void Update_ThatChangesNothing_MakesNoVersion()
    {
        var before = _registry.Create(ConfigMaps, "{metadata: {name: c}, data: {a: b}}").ResourceVersion();
        Assert.Equal(before, _registry.Update(ConfigMaps, "c", tree => tree).ResourceVersion());
    }

    [Fact]
    public void StatusAndSpec_AreWrittenApart()
    {
        _registry.Create(Pods, Pod);
        var updated = _registry.Update(Pods, "p", tree =>
        {
            tree.Ensure("spec")["nodeName"] = "sneaked";
            tree.Ensure("status")["phase"] = "Running";
            return tree;
        }, WritePart.Status);
        Assert.Null(updated.Text("spec", "nodeName"));
        Assert.Equal("Running", updated.Text("status", "phase"));
    }

    [Fact]
    public void Generation_CountsSpecOnly()
    {
        _registry.Create(NetworkPolicies, "{metadata: {name: n}, spec: {podSelector: {}}}");
        Assert.Equal(1, _registry.Update(NetworkPolicies, "n", Labelled).Number("metadata", "generation"));
        Assert.Equal(2, _registry.Update(NetworkPolicies, "n", tree =>
        {
            tree.Ensure("spec", "podSelector", "matchLabels")["a"] = "b";
            return tree;
        }).Number("metadata", "generation"));
    }

    [Fact]
    public void Finalizers_HoldTheObject_UntilTheLastGoes()
    {
        _registry.Create(ConfigMaps, "{metadata: {name: c, finalizers: [x/y]}}");
        Assert.True(_registry.Delete(ConfigMaps, "c").Held!.Tree.IsDeleting());
        _registry.Update(ConfigMaps, "c", tree =>
        {
            tree.Ensure("metadata").Remove("finalizers");
            return tree;
        });
        Assert.Null(_registry.Find(ConfigMaps, "c"));
    }

    [Fact]
    public void PodOnANode_GetsItsGracePeriod_OthersGoAtOnce()
    {
        _registry.Create(Pods, Pod);
        Assert.Null(_registry.Delete(Pods, "p").Held);
        _registry.Create(Pods, "{metadata: {name: q}, spec: {nodeName: n, containers: [{name: a, image: b}]}}");
        Assert.Equal(30, _registry.Delete(Pods, "q").Held!.Tree.Number("metadata", "deletionGracePeriodSeconds"));
        Assert.Null(_registry.Delete(Pods, "q", grace: 0).Held);
    }

    [Fact]
    public void Namespace_IsHeldByItsOwnFinalizer_AndTakesNothingNew()
    {
        Assert.Equal("Terminating", _registry.Delete(Namespaces, "default").Held!.Tree.Text("status", "phase"));
        Assert.Equal(403, Assert.Throws<StatusException>(() => _registry.Create(Pods, Pod)).Code);
    }

    [Fact]
    public void DeploymentSelector_IsImmutable()
    {
        _registry.Create(Deployments, "{metadata: {name: d}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b, c: d}}, spec: {containers: [{name: x, image: y}]}}}}");
        var refusal = Assert.Throws<StatusException>(() => _registry.Update(Deployments, "d", tree =>
        {
            tree.Ensure("spec", "selector", "matchLabels")["c"] = "d";
            return tree;
        }));
        Assert.Contains("spec.selector", refusal.Message);
        Assert.Contains("field is immutable", refusal.Message);
    }

    [Fact]
    public void Watch_FromAnOldVersion_GetsWhatHappenedSince_OrGone()
    {
        var registry = new Registry(history: 3);
        var first = registry.Create(ConfigMaps, "{metadata: {name: a}}").ResourceVersion();
        registry.Create(ConfigMaps, "{metadata: {name: b}}");
        var watcher = new Watcher("");
        registry.Objects.Store.Join(ConfigMaps, watcher, ulong.Parse(first));
        Assert.True(watcher.Changes.TryRead(out var change));
        Assert.Equal("b", change.Key.Name);
        foreach (var name in new[] { "c", "d", "e", "f" })
        {
            registry.Create(ConfigMaps, $"{{metadata: {{name: {name}}}}}");
        }

        Assert.Equal(410, Assert.Throws<StatusException>(() => registry.Objects.Store.Join(ConfigMaps, new Watcher(""), ulong.Parse(first))).Code);
    }

    [Fact]
    public void OlderState_IsTheCurrentOneWithTheChangesUndone()
    {
        _registry.Create(ConfigMaps, "{metadata: {name: a}, data: {v: '1'}}");
        var then = ulong.Parse(_registry.Create(ConfigMaps, "{metadata: {name: b}}").ResourceVersion());
        _registry.Delete(ConfigMaps, "b");
        _registry.Create(ConfigMaps, "{metadata: {name: c}}");
        _registry.Update(ConfigMaps, "a", _ => Json.Of("{metadata: {name: a}, data: {v: '2'}}"));
        var state = _registry.Objects.Store.SnapshotAt(ConfigMaps, then)!;
        Assert.Equal(["a", "b"], state.Keys.Select(key => key.Name));
        Assert.Equal("1", state.Values.First().Tree.Text("data", "v"));
    }

    [Fact]
    public void Watcher_ThatDoesNotRead_IsClosed()
    {
        var watcher = new Watcher("");
        var stored = new StoredObject(Json.Of("{metadata: {name: x}}"), 1);
        for (var i = 0; i < 30_000 && !watcher.IsClosed; i++)
        {
            watcher.Offer(new StoredChange((ulong)i, null, stored, null));
        }

        Assert.True(watcher.IsClosed);
    }

    private static System.Text.Json.Nodes.JsonObject Labelled(System.Text.Json.Nodes.JsonObject tree)
    {
        tree.Ensure("metadata", "labels")["a"] = "b";
        return tree;
    }
}

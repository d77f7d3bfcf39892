using System.Text.Json.Nodes;
using Kn.Lab.ApiServer;
using Kn.Lab.ApiServer.Patches;

namespace Kn.Lab.Tests.ApiServer;

public class PatchTests
{
    [Theory]
    [InlineData("{a: 1}", "{b: 2}", "{a: 1, b: 2}")]
    [InlineData("{a: 1}", "{a: null}", "{}")]
    [InlineData("{a: {b: 1, c: 2}}", "{a: {b: null, d: [3]}}", "{a: {c: 2, d: [3]}}")]
    [InlineData("{a: [1, 2]}", "{a: [3]}", "{a: [3]}")]
    [InlineData("{a: 1}", "{a: {b: null, c: 1}}", "{a: {c: 1}}")]
    public void MergePatch_FollowsRfc7386(string target, string patch, string expected)
    {
        var tree = Json.Of(target);
        MergePatch.Apply(tree, Json.Of(patch));
        Json.Same(expected, tree);
    }

    [Theory]
    [InlineData("{a: 1}", "[{op: add, path: /b, value: 2}]", "{a: 1, b: 2}")]
    [InlineData("{a: [1, 3]}", "[{op: add, path: /a/1, value: 2}]", "{a: [1, 2, 3]}")]
    [InlineData("{a: [1]}", "[{op: add, path: /a/-, value: 2}]", "{a: [1, 2]}")]
    [InlineData("{a: [1, 2]}", "[{op: remove, path: /a/0}]", "{a: [2]}")]
    [InlineData("{a: {x/y: 1}}", "[{op: replace, path: /a/x~1y, value: 2}]", "{a: {x/y: 2}}")]
    [InlineData("{a: 1}", "[{op: move, from: /a, path: /b}]", "{b: 1}")]
    [InlineData("{a: {b: 1}}", "[{op: copy, from: /a, path: /c}]", "{a: {b: 1}, c: {b: 1}}")]
    [InlineData("{a: 1}", "[{op: test, path: /a, value: 1}]", "{a: 1}")]
    public void JsonPatch_FollowsRfc6902(string target, string patch, string expected)
    {
        var tree = Json.Of(target);
        JsonPatch.Apply(tree, (JsonArray)Kn.Lab.Api.YamlTree.Parse(patch)!);
        Json.Same(expected, tree);
    }

    [Theory]
    [InlineData("[{op: test, path: /a, value: 2}]", 422)]
    [InlineData("[{op: remove, path: /missing}]", 422)]
    [InlineData("[{op: replace, path: /x/y, value: 1}]", 422)]
    [InlineData("[{op: add, path: /b}]", 400)]
    [InlineData("[{op: whatever, path: /b}]", 400)]
    [InlineData("[{op: remove, path: ''}]", 400)]
    [InlineData("[5]", 400)]
    public void JsonPatch_ThatCannotBeDone_IsRefused(string patch, int code)
    {
        var refusal = Assert.Throws<StatusException>(() => JsonPatch.Apply(Json.Of("{a: 1}"), (JsonArray)Kn.Lab.Api.YamlTree.Parse(patch)!));
        Assert.Equal(code, refusal.Code);
    }

    [Theory]
    [InlineData("containers merge by name", "{spec: {containers: [{name: a, image: x}, {name: b}]}}", "{spec: {containers: [{name: a, image: y}]}}", "{spec: {containers: [{name: a, image: y}, {name: b}]}}")]
    [InlineData("new items go to the end", "{spec: {containers: [{name: a}]}}", "{spec: {containers: [{name: c}]}}", "{spec: {containers: [{name: a}, {name: c}]}}")]
    [InlineData("an item is deleted by its key", "{spec: {containers: [{name: a}, {name: b}]}}", "{spec: {containers: [{$patch: delete, name: a}]}}", "{spec: {containers: [{name: b}]}}")]
    [InlineData("a list is replaced on demand", "{spec: {containers: [{name: a}, {name: b}]}}", "{spec: {containers: [{$patch: replace}, {name: c}]}}", "{spec: {containers: [{name: c}]}}")]
    [InlineData("service ports merge by port", "{spec: {ports: [{port: 80, name: x}]}}", "{spec: {ports: [{port: 80, nodePort: 30080}, {port: 81}]}}", "{spec: {ports: [{port: 80, name: x, nodePort: 30080}, {port: 81}]}}")]
    [InlineData("ports of two protocols stay two", "{spec: {ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}}", "{spec: {ports: [{port: 53, protocol: TCP, name: t}]}}", "{spec: {ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP, name: t}]}}")]
    [InlineData("tolerations are atomic", "{spec: {tolerations: [{key: a}, {key: b}]}}", "{spec: {tolerations: [{key: c}]}}", "{spec: {tolerations: [{key: c}]}}")]
    [InlineData("conditions merge by type", "{status: {conditions: [{type: Ready, status: 'False'}, {type: X}]}}", "{status: {conditions: [{type: Ready, status: 'True'}]}}", "{status: {conditions: [{type: Ready, status: 'True'}, {type: X}]}}")]
    [InlineData("finalizers are a set", "{metadata: {finalizers: [a]}}", "{metadata: {finalizers: [a, b]}}", "{metadata: {finalizers: [a, b]}}")]
    [InlineData("deleted from a set", "{metadata: {finalizers: [a, b]}}", "{metadata: {$deleteFromPrimitiveList/finalizers: [a]}}", "{metadata: {finalizers: [b]}}")]
    [InlineData("order", "{spec: {containers: [{name: a}, {name: b}]}}", "{spec: {$setElementOrder/containers: [{name: c}, {name: a}], containers: [{name: c}]}}", "{spec: {containers: [{name: c}, {name: a}, {name: b}]}}")]
    [InlineData("retained keys", "{spec: {strategy: {type: RollingUpdate, rollingUpdate: {}}}}", "{spec: {strategy: {$retainKeys: [type], type: Recreate}}}", "{spec: {strategy: {type: Recreate}}}")]
    [InlineData("a map is replaced", "{metadata: {labels: {a: b, c: d}}}", "{metadata: {labels: {$patch: replace, e: f}}}", "{metadata: {labels: {e: f}}}")]
    [InlineData("env within containers", "{spec: {template: {spec: {containers: [{name: a, env: [{name: X, value: '1'}]}]}}}}", "{spec: {template: {spec: {containers: [{name: a, env: [{name: Y, value: '2'}]}]}}}}", "{spec: {template: {spec: {containers: [{name: a, env: [{name: X, value: '1'}, {name: Y, value: '2'}]}]}}}}")]
    public void StrategicMergePatch_MergesListsByKey(string because, string target, string patch, string expected)
    {
        Assert.NotEmpty(because);
        var tree = Json.Of(target);
        StrategicMergePatch.Apply(tree, Json.Of(patch));
        Json.Same(expected, tree);
    }

    [Fact]
    public void StrategicMergePatch_WithAnItemWithoutItsKey_IsRefused() =>
        Assert.Equal(400, Assert.Throws<StatusException>(() => StrategicMergePatch.Apply(Json.Of("{spec: {containers: []}}"), Json.Of("{spec: {containers: [{image: x}]}}"))).Code);
}

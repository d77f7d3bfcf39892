using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.Tests;

internal static class Json
{
    public static JsonObject Of(string yaml) => (JsonObject)YamlTree.Parse(yaml)!;

    public static void Same(string expectedYaml, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(YamlTree.Parse(expectedYaml), actual), $"expected {YamlTree.Parse(expectedYaml)?.ToJsonString()}\nactual   {actual?.ToJsonString()}");
}

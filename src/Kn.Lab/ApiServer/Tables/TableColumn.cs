using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Tables;

/// <summary>One column that kubectl get prints.</summary>
/// <param name="Name">The heading.</param>
/// <param name="Cell">The text for an object, given the time that ages are counted from.</param>
/// <param name="Wide">Shown by -o wide only.</param>
internal sealed record TableColumn(string Name, Func<JsonObject, DateTimeOffset, JsonNode?> Cell, bool Wide = false)
{
    /// <summary>Time since metadata.creationTimestamp.</summary>
    public static TableColumn Age { get; } = new("Age", static (tree, now) => HumanDuration.Since(tree.Text("metadata", "creationTimestamp"), now));

    /// <summary>A column that needs no clock.</summary>
    public static TableColumn Of(string name, Func<JsonObject, string?> cell, bool wide = false) =>
        new(name, (tree, _) => cell(tree) is { Length: > 0 } text ? text : "<none>", wide);

    /// <summary>A column of numbers; absent is 0.</summary>
    public static TableColumn Count(string name, Func<JsonObject, long?> cell) => new(name, (tree, _) => cell(tree) ?? 0);

    /// <summary>The object that describes the column to the client.</summary>
    public JsonObject Definition() => new()
    {
        ["name"] = Name,
        ["type"] = "string",
        ["format"] = Name == "Name" ? "name" : "",
        ["description"] = Name,
        ["priority"] = Wide ? 1 : 0,
    };
}

using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Kinds;

namespace Kn.Lab.ApiServer.Tables;

/// <summary>Objects as meta.k8s.io/v1 Table.</summary>
internal static class TableWriter
{
    private static readonly TableColumn NameColumn = new("Name", static (tree, _) => tree.Name());

    public static JsonObject Write(ResourceKind kind, IEnumerable<JsonObject> trees, JsonObject listMetadata, string? includeObject, DateTimeOffset now, bool withColumns = true)
    {
        // Events are read by what they say; their names matter to nobody.
        var columns = kind.Resource.Kind == "Event" ? [.. kind.Columns, NameColumn with { Wide = true }] : kind.Columns.Prepend(NameColumn).ToList();
        var rows = trees.Select(tree => (JsonNode?)new JsonObject
        {
            ["cells"] = JsonTree.Array(columns.Select(column => column.Cell(tree, now))),
            ["object"] = IncludedObject(tree, includeObject),
        });
        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = listMetadata,
            ["columnDefinitions"] = withColumns ? JsonTree.Array(columns.Select(static column => (JsonNode?)column.Definition())) : null,
            ["rows"] = JsonTree.Array(rows),
        };
    }

    /// <summary>An object without anything but its metadata.</summary>
    public static JsonObject MetadataOnly(JsonObject tree) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = tree["metadata"]?.DeepClone(),
    };

    private static JsonObject? IncludedObject(JsonObject tree, string? includeObject) => includeObject switch
    {
        "None" => null,
        "Object" => tree.Copy(),
        _ => MetadataOnly(tree),
    };
}

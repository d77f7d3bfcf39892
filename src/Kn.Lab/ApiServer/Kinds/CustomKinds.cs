using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Tables;

namespace Kn.Lab.ApiServer.Kinds;

/// <summary>Makes kinds out of CustomResourceDefinitions: served as soon as the definition is stored.</summary>
/// <remarks>The lab serves the storage version only, and checks nothing against the schema.</remarks>
internal sealed class CustomKinds
{
    private KindCatalog? _catalog;

    public static ApiResource Definitions { get; } = new("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", Namespaced: false);

    public void Attach(KindCatalog catalog) => _catalog = catalog;

    public static void Default(JsonObject definition)
    {
        var names = definition.Ensure("spec", "names");
        names.Default("singular", names.Text("kind")?.ToLowerInvariant());
        names.Default("listKind", names.Text("kind") + "List");
        var status = definition.Ensure("status");
        status["acceptedNames"] = names.DeepClone();
        status["storedVersions"] = JsonTree.Array(definition.Maps("spec", "versions").Where(static version => version.Flag("storage") == true).Select(static version => version.Text("name") ?? ""));
        var since = definition.Text("metadata", "creationTimestamp");
        status["conditions"] = new JsonArray(
            new JsonObject { ["type"] = "NamesAccepted", ["status"] = "True", ["lastTransitionTime"] = since, ["reason"] = "NoConflicts", ["message"] = "no conflicts found" },
            new JsonObject { ["type"] = "Established", ["status"] = "True", ["lastTransitionTime"] = since, ["reason"] = "InitialNamesAccepted", ["message"] = "the initial names have been accepted" });
    }

    public static void Validate(JsonObject definition, JsonObject? old, FieldErrors errors)
    {
        var expected = $"{definition.Text("spec", "names", "plural")}.{definition.Text("spec", "group")}";
        if (definition.Name() != expected)
        {
            errors.Invalid("metadata.name", definition.Name(), "must be spec.names.plural+\".\"+spec.group");
        }

        errors.OneOf(definition.Map("spec"), "spec.scope", "scope", "Cluster", "Namespaced");
        if (StorageVersion(definition) is null)
        {
            errors.Invalid("spec.versions", definition.At("spec", "versions")?.DeepClone(), "must have exactly one version marked as storage version");
        }
    }

    public void Committed(JsonObject? old, JsonObject? current)
    {
        if (current is null)
        {
            _catalog?.RemoveCustom(old.Name());
        }
        else if (StorageVersion(current) is { } version)
        {
            _catalog?.SetCustom(KindOf(current, version));
        }
    }

    private static JsonObject? StorageVersion(JsonObject definition) =>
        definition.Maps("spec", "versions").FirstOrDefault(static version => version.Flag("storage") == true);

    private static ResourceKind KindOf(JsonObject definition, JsonObject version)
    {
        var names = definition.Map("spec", "names");
        return new ResourceKind
        {
            Resource = new ApiResource(
                definition.Text("spec", "group") ?? "", version.Text("name") ?? "v1", names.Text("plural") ?? "", names.Text("kind") ?? "",
                definition.Text("spec", "scope") == "Namespaced"),
            ShortNames = [.. names.Texts("shortNames")],
            Categories = [.. names.Texts("categories")],
            HasStatus = version.Map("subresources", "status") is not null,
            HasScale = version.Map("subresources", "scale") is not null,
            HasGeneration = true,
            IsCustom = true,
            NeedsVersionOnUpdate = true,
            Columns = Columns(version),
        };
    }

    private static List<TableColumn> Columns(JsonObject version)
    {
        var columns = new List<TableColumn>();
        foreach (var column in version.Maps("additionalPrinterColumns"))
        {
            var path = (column.Text("jsonPath") ?? "").TrimStart('.').Split('.');
            columns.Add(TableColumn.Of(column.Text("name") ?? "", tree => tree.At(path)?.ToString(), column.Number("priority") > 0));
        }

        columns.Add(TableColumn.Age);
        return columns;
    }
}

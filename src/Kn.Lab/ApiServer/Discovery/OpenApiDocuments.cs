using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Kinds;

namespace Kn.Lab.ApiServer.Discovery;

/// <summary>OpenAPI v3, as much as kubectl asks of it: which patches take fieldValidation, and the shape that explain prints.</summary>
/// <remarks>The paths do not declare strategic merge patches, so kubectl apply takes the merge keys of its own types.</remarks>
internal static class OpenApiDocuments
{
    private static readonly string[] WriteParameters = ["dryRun", "fieldManager", "fieldValidation"];

    /// <summary>/openapi/v3: one document a group and version.</summary>
    public static JsonObject Index(KindCatalog kinds)
    {
        var paths = new JsonObject();
        foreach (var path in kinds.All.Select(static kind => kind.Resource.GroupPath[1..]).Distinct())
        {
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}" };
        }

        return new JsonObject { ["paths"] = paths };
    }

    /// <summary>/openapi/v3/api/v1 and the like, or null.</summary>
    public static JsonObject? Document(KindCatalog kinds, string groupPath)
    {
        var paths = new JsonObject();
        var schemas = new JsonObject();
        foreach (var kind in kinds.All.Where(kind => kind.Resource.GroupPath == groupPath))
        {
            var resource = kind.Resource;
            var scope = resource.Namespaced ? "/namespaces/{namespace}" : "";
            paths[$"{resource.GroupPath}{scope}/{resource.Plural}/{{name}}"] = Operations(resource);
            schemas[SchemaName(resource)] = Schemas.Of(resource);
        }

        if (paths.Count == 0)
        {
            return null;
        }

        schemas[Schemas.ObjectMetaName] = Schemas.ObjectMeta();
        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "kn-lab", ["version"] = DiscoveryDocuments.GitVersion },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas },
        };
    }

    private static string SchemaName(ApiResource resource) => $"io.k8s.api.{(resource.Group.Length == 0 ? "core" : resource.Group.Split('.')[0])}.{resource.Version}.{resource.Kind}";

    private static JsonObject Operations(ApiResource resource)
    {
        var operations = new JsonObject();
        foreach (var (method, action) in new[] { ("get", "get"), ("put", "put"), ("patch", "patch") })
        {
            operations[method] = new JsonObject
            {
                ["operationId"] = $"{action}{resource.Kind}",
                ["parameters"] = method == "get" ? [] : JsonTree.Array(WriteParameters.Select(static name =>
                    (JsonNode?)new JsonObject { ["name"] = name, ["in"] = "query", ["schema"] = new JsonObject { ["type"] = "string", ["uniqueItems"] = true } })),
                ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
                ["x-kubernetes-action"] = action,
                ["x-kubernetes-group-version-kind"] = Schemas.GroupVersionKind(resource)[0]?.DeepClone(),
            };
        }

        operations.Map("patch")!["requestBody"] = new JsonObject
        {
            ["content"] = new JsonObject { ["application/json-patch+json"] = new JsonObject(), ["application/merge-patch+json"] = new JsonObject() },
        };
        return operations;
    }
}

using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Kinds;
using Kn.Lab.ApiServer.Patches;
using Kn.Lab.ApiServer.Storage;
using Microsoft.AspNetCore.Http;

namespace Kn.Lab.ApiServer.Http;

/// <summary>POST, PUT, PATCH and DELETE of objects and their status.</summary>
internal sealed class WriteHandler(ObjectRegistry registry, TimeProvider time)
{
    public async Task CreateAsync(HttpContext context, ResourcePath path)
    {
        var tree = await RequestBody.ReadObjectAsync(context.Request, context.RequestAborted);
        CheckKind(path.Kind, tree);
        var @namespace = path.Kind.Resource.Namespaced && path.Namespace.Length == 0 ? "default" : path.Namespace;
        var stored = registry.Create(path.Kind, @namespace, tree, IsDryRun(context.Request));
        await Responses.WriteObjectAsync(context, 201, path.Kind, stored, time.GetUtcNow());
    }

    public async Task ReplaceAsync(HttpContext context, ResourcePath path, WritePart part)
    {
        var tree = await RequestBody.ReadObjectAsync(context.Request, context.RequestAborted);
        CheckKind(path.Kind, tree);
        var name = path.Name!;
        if (tree.Name() is var given && given != name)
        {
            throw StatusException.BadRequest($"the name of the object ({given}) does not match the name on the URL ({name})");
        }

        if (path.Kind.NeedsVersionOnUpdate && tree.ResourceVersion().Length == 0 && registry.Store.Find(path.Kind.Resource, Key(path)) is not null)
        {
            var errors = new FieldErrors();
            errors.Invalid("metadata.resourceVersion", 0, "must be specified for an update");
            throw StatusException.Invalid(path.Kind.Resource, name, errors.All);
        }

        var dryRun = IsDryRun(context.Request);
        if (path.Kind.CreatesOnUpdate && part == WritePart.Main && registry.Store.Find(path.Kind.Resource, Key(path)) is null)
        {
            await Responses.WriteObjectAsync(context, 201, path.Kind, registry.Create(path.Kind, path.Namespace, tree, dryRun), time.GetUtcNow());
            return;
        }

        var stored = registry.Update(path.Kind, Key(path), part, _ => tree, dryRun);
        await Responses.WriteObjectAsync(context, 200, path.Kind, stored, time.GetUtcNow());
    }

    public async Task PatchAsync(HttpContext context, ResourcePath path, WritePart part)
    {
        var type = RequestBody.MediaType(context.Request);
        if (path.Kind.IsCustom && type == "application/strategic-merge-patch+json")
        {
            throw StatusException.UnsupportedMediaType(type);
        }

        var patch = await RequestBody.ReadAsync(context.Request, context.RequestAborted) ?? throw StatusException.BadRequest("a patch needs a body");
        var dryRun = IsDryRun(context.Request);
        if (type.StartsWith("application/apply-patch", StringComparison.Ordinal))
        {
            await ApplyAsync(context, path, part, patch, dryRun);
            return;
        }

        var stored = registry.Update(path.Kind, Key(path), part, current => Patched(current, patch, type), dryRun);
        await Responses.WriteObjectAsync(context, 200, path.Kind, stored, time.GetUtcNow());
    }

    public async Task DeleteAsync(HttpContext context, ResourcePath path)
    {
        var options = await ReadDeleteOptionsAsync(context);
        var result = registry.Delete(path.Kind, Key(path), options);
        if (result.Held is { } held)
        {
            await Responses.WriteAsync(context, 200, held.Json);
            return;
        }

        var details = new JsonObject { ["name"] = path.Name, ["group"] = path.Kind.Resource.Group, ["kind"] = path.Kind.Resource.Plural, ["uid"] = result.Last.Tree.Uid() };
        await Responses.WriteAsync(context, 200, new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = details,
        });
    }

    public async Task DeleteCollectionAsync(HttpContext context, ResourcePath path)
    {
        var options = await ReadDeleteOptionsAsync(context);
        var query = new ListQuery(context.Request, path);
        var deleted = new JsonArray();
        foreach (var (key, stored) in registry.Store.Snapshot(path.Kind.Resource).Objects)
        {
            if ((path.Namespace.Length > 0 && key.Namespace != path.Namespace) || !query.Matches(stored.Tree))
            {
                continue;
            }

            try
            {
                deleted.Add((JsonNode)registry.Delete(path.Kind, key, options).Last.Tree.Copy());
            }
            catch (StatusException refusal) when (refusal.Code == 404)
            {
                // Somebody deleted it since the snapshot.
            }
        }

        await Responses.WriteAsync(context, 200, new JsonObject
        {
            ["kind"] = path.Kind.ListKind,
            ["apiVersion"] = path.Kind.Resource.ApiVersion,
            ["metadata"] = new JsonObject(),
            ["items"] = deleted,
        });
    }

    public static bool IsDryRun(HttpRequest request)
    {
        var value = request.Query["dryRun"].ToString();
        return value switch
        {
            "" => false,
            "All" => true,
            _ => throw StatusException.BadRequest($"Invalid value: \"{value}\": dryRun: Unsupported value: \"{value}\": supported values: \"All\""),
        };
    }

    public static ObjectKey Key(ResourcePath path) => new(path.Namespace, path.Name ?? "");

    // Server-side apply without field ownership: what the client sends wins, what it does not send stays.
    private async Task ApplyAsync(HttpContext context, ResourcePath path, WritePart part, JsonNode patch, bool dryRun)
    {
        if (context.Request.Query["fieldManager"].Count == 0)
        {
            throw StatusException.BadRequest("PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
        }

        var wanted = patch as JsonObject ?? throw StatusException.BadRequest("the body must be an object");
        CheckKind(path.Kind, wanted);
        if (part == WritePart.Main && registry.Store.Find(path.Kind.Resource, Key(path)) is null)
        {
            wanted.Ensure("metadata").Default("name", path.Name);
            await Responses.WriteObjectAsync(context, 201, path.Kind, registry.Create(path.Kind, path.Namespace, wanted, dryRun), time.GetUtcNow());
            return;
        }

        var type = path.Kind.IsCustom ? "application/merge-patch+json" : "application/strategic-merge-patch+json";
        var stored = registry.Update(path.Kind, Key(path), part, current => Patched(current, wanted, type), dryRun);
        await Responses.WriteObjectAsync(context, 200, path.Kind, stored, time.GetUtcNow());
    }

    public static JsonObject Patched(JsonObject current, JsonNode patch, string type)
    {
        switch (type, patch)
        {
            case ("application/json-patch+json", JsonArray operations):
                JsonPatch.Apply(current, operations);
                return current;
            case ("application/merge-patch+json", JsonObject change):
                MergePatch.Apply(current, change);
                return current;
            case ("application/strategic-merge-patch+json", JsonObject change):
                StrategicMergePatch.Apply(current, change);
                return current;
            case ("application/json-patch+json" or "application/merge-patch+json" or "application/strategic-merge-patch+json", _):
                throw StatusException.BadRequest("the patch has the wrong shape for its content type");
            default:
                throw StatusException.UnsupportedMediaType(type);
        }
    }

    private static void CheckKind(ResourceKind kind, JsonObject tree)
    {
        var apiVersion = tree.Text("apiVersion") ?? kind.Resource.ApiVersion;
        var name = tree.Text("kind") ?? kind.Resource.Kind;
        if (apiVersion != kind.Resource.ApiVersion || name != kind.Resource.Kind)
        {
            throw StatusException.BadRequest(
                $"the object provided is of {apiVersion} {name}, the URL is for {kind.Resource.ApiVersion} {kind.Resource.Kind}");
        }
    }

    private static async Task<DeleteOptions> ReadDeleteOptionsAsync(HttpContext context)
    {
        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted) as JsonObject;
        return DeleteOptions.From(body, name => context.Request.Query[name] is { Count: > 0 } values ? values.ToString() : null);
    }
}

using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Kinds;
using Kn.Lab.ApiServer.Storage;
using Kn.Lab.ApiServer.Tables;
using Microsoft.AspNetCore.Http;

namespace Kn.Lab.ApiServer.Http;

/// <summary>The subresources other than status: scale, binding, eviction, finalize, serviceaccounts' token.</summary>
internal sealed class SubresourceHandler(ObjectRegistry registry, WriteHandler writes, TimeProvider time)
{
    public Task HandleAsync(HttpContext context, ResourcePath path)
    {
        var resource = path.Kind.Resource;
        return (context.Request.Method, path.Subresource) switch
        {
            ("GET", "status") when path.Kind.HasStatus => Responses.WriteObjectAsync(context, 200, path.Kind, registry.Get(path.Kind, WriteHandler.Key(path)), time.GetUtcNow()),
            ("PUT", "status") when path.Kind.HasStatus => writes.ReplaceAsync(context, path, WritePart.Status),
            ("PATCH", "status") when path.Kind.HasStatus => writes.PatchAsync(context, path, WritePart.Status),
            ("GET", "scale") when path.Kind.HasScale => WriteScaleAsync(context, path, registry.Get(path.Kind, WriteHandler.Key(path)).Tree),
            ("PUT" or "PATCH", "scale") when path.Kind.HasScale => ChangeScaleAsync(context, path),
            ("POST", "binding") when resource == ApiResources.Pods => BindAsync(context, path),
            ("POST", "eviction") when resource == ApiResources.Pods => EvictAsync(context, path),
            ("PUT", "finalize") when resource == ApiResources.Namespaces => FinalizeAsync(context, path),
            (_, "status" or "scale" or "binding" or "eviction" or "finalize") => throw StatusException.MethodNotAllowed(context.Request.Method),
            _ => throw StatusException.NoSuchPath(),
        };
    }

    private static JsonObject ScaleOf(JsonObject tree) => new()
    {
        ["kind"] = "Scale",
        ["apiVersion"] = "autoscaling/v1",
        ["metadata"] = new JsonObject
        {
            ["name"] = tree.Name(),
            ["namespace"] = tree.Namespace(),
            ["uid"] = tree.Uid(),
            ["resourceVersion"] = tree.ResourceVersion(),
            ["creationTimestamp"] = tree.At("metadata", "creationTimestamp")?.DeepClone(),
        },
        ["spec"] = new JsonObject { ["replicas"] = tree.Number("spec", "replicas") ?? 0 },
        ["status"] = new JsonObject { ["replicas"] = tree.Number("status", "replicas") ?? 0, ["selector"] = Text.Selector(tree.Map("spec", "selector")) },
    };

    private static Task WriteScaleAsync(HttpContext context, ResourcePath path, JsonObject tree)
    {
        _ = path;
        return Responses.WriteAsync(context, 200, ScaleOf(tree));
    }

    private static JsonObject SuccessStatus(int code) => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Success",
        ["code"] = code,
    };

    private async Task ChangeScaleAsync(HttpContext context, ResourcePath path)
    {
        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted) ?? throw StatusException.BadRequest("a body is needed");
        var type = context.Request.Method == "PUT" ? "" : RequestBody.MediaType(context.Request);
        var stored = registry.Update(path.Kind, WriteHandler.Key(path), WritePart.Main, tree => Scaled(path.Kind, tree, body, type), WriteHandler.IsDryRun(context.Request));
        await WriteScaleAsync(context, path, stored.Tree);
    }

    private static JsonObject Scaled(ResourceKind kind, JsonObject tree, JsonNode body, string patchType)
    {
        var scale = patchType.Length == 0 ? body as JsonObject : WriteHandler.Patched(ScaleOf(tree), body, patchType);
        var replicas = scale.Number("spec", "replicas") ?? 0;
        if (replicas < 0)
        {
            var errors = new FieldErrors();
            errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
            throw StatusException.Invalid(kind.Resource, tree.Name(), errors.All);
        }

        tree.Ensure("spec")["replicas"] = replicas;
        if (scale.ResourceVersion() is { Length: > 0 } version)
        {
            tree.Ensure("metadata")["resourceVersion"] = version;
        }

        return tree;
    }

    // The scheduler's word: the node, and that the pod is scheduled.
    private async Task BindAsync(HttpContext context, ResourcePath path)
    {
        var body = await RequestBody.ReadObjectAsync(context.Request, context.RequestAborted);
        var node = body.Text("target", "name") ?? throw StatusException.BadRequest("a binding needs target.name");
        var now = JsonTree.Timestamp(time.GetUtcNow());
        registry.Update(path.Kind, WriteHandler.Key(path), WritePart.Internal, pod => Bound(path.Kind, pod, node, now), WriteHandler.IsDryRun(context.Request));
        await Responses.WriteAsync(context, 201, SuccessStatus(201));
    }

    private static JsonObject Bound(ResourceKind kind, JsonObject pod, string node, string now)
    {
        if (pod.IsDeleting())
        {
            throw StatusException.Conflict(kind.Resource, pod.Name(), $"pod {pod.Name()} is being deleted, cannot be assigned to a host");
        }

        if (pod.Text("spec", "nodeName") is { Length: > 0 } other)
        {
            throw StatusException.Conflict(kind.Resource, pod.Name(), $"pod {pod.Name()} is already assigned to node \"{other}\"");
        }

        pod.Ensure("spec")["nodeName"] = node;
        var status = pod.Ensure("status");
        status.Default("conditions", new JsonArray());
        var conditions = status.List("conditions")!;
        foreach (var old in conditions.Where(static condition => condition.Text("type") == "PodScheduled").ToList())
        {
            conditions.Remove(old);
        }

        conditions.Add((JsonNode)new JsonObject { ["type"] = "PodScheduled", ["status"] = "True", ["lastProbeTime"] = null, ["lastTransitionTime"] = now });
        return pod;
    }

    private async Task EvictAsync(HttpContext context, ResourcePath path)
    {
        var body = await RequestBody.ReadObjectAsync(context.Request, context.RequestAborted);
        registry.Delete(path.Kind, WriteHandler.Key(path), DeleteOptions.From(body.Map("deleteOptions"), static _ => null));
        await Responses.WriteAsync(context, 201, SuccessStatus(201));
    }

    private async Task FinalizeAsync(HttpContext context, ResourcePath path)
    {
        var body = await RequestBody.ReadObjectAsync(context.Request, context.RequestAborted);
        var stored = registry.Update(path.Kind, WriteHandler.Key(path), WritePart.Internal, tree =>
        {
            tree.Ensure("spec")["finalizers"] = body.At("spec", "finalizers")?.DeepClone();
            if (tree.List("spec", "finalizers") is not { Count: > 0 })
            {
                tree.Ensure("spec").Remove("finalizers");
            }

            return tree;
        }, WriteHandler.IsDryRun(context.Request));
        await Responses.WriteObjectAsync(context, 200, path.Kind, stored, time.GetUtcNow());
    }
}

using System.Text.Json.Nodes;
using Kn.Lab.ApiServer.Discovery;
using Kn.Lab.ApiServer.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.ApiServer.Http;

/// <summary>Takes every request to whoever answers it; every refusal leaves as a Status.</summary>
internal sealed class RequestDispatcher(
    ObjectRegistry registry, Authenticator authenticator, LabApiServerOptions options, ILogger logger, CancellationToken stopping)
{
    private readonly ListHandler _lists = new(registry.Store, options.Time);
    private readonly WatchHandler _watches = new(registry.Store, options, stopping);
    private readonly WriteHandler _writes = new(registry, options.Time);

    private SubresourceHandler Subresources => new(registry, _writes, options.Time);

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            var user = authenticator.UserOf(context) ?? throw StatusException.Unauthorized();
            await RouteAsync(context, user);
        }
        catch (StatusException refusal) when (!context.Response.HasStarted)
        {
            await Responses.WriteStatusAsync(context, refusal);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested || stopping.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
#pragma warning disable CA1031 // the per-request boundary: one bad request must not end the server
        catch (Exception defect) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            ApiServerLog.RequestFailed(logger, context.Request.Method, context.Request.Path, defect);
            await Responses.WriteStatusAsync(context, StatusException.Internal(defect.Message));
        }
    }

    private Task RouteAsync(HttpContext context, string user)
    {
        var segments = (context.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (context.Request.Method == "POST" && segments is ["apis", "authorization.k8s.io" or "authentication.k8s.io", ..])
        {
            return ReviewAsync(context, segments, user);
        }

        if (ResourcePath.Parse(segments, registry.Kinds) is { } path)
        {
            return path.Subresource is null ? RouteVerbAsync(context, path) : Subresources.HandleAsync(context, path);
        }

        if (context.Request.Method is not ("GET" or "HEAD"))
        {
            throw StatusException.NoSuchPath();
        }

        if (segments is ["healthz" or "livez" or "readyz", ..])
        {
            return Responses.WriteTextAsync(context, 200, "ok");
        }

        var document = Document(context, segments) ?? throw StatusException.NoSuchPath();
        return Responses.WriteAsync(context, 200, document);
    }

    private Task RouteVerbAsync(HttpContext context, ResourcePath path) => (context.Request.Method, path.Name) switch
    {
        ("GET", _) when ListQuery.IsTrue(context.Request.Query["watch"]) => _watches.HandleAsync(context, path),
        ("GET", null) => _lists.HandleAsync(context, path),
        ("GET", _) => Responses.WriteObjectAsync(context, 200, path.Kind, registry.Get(path.Kind, WriteHandler.Key(path)), options.Time.GetUtcNow()),
        ("POST", null) => _writes.CreateAsync(context, path),
        ("PUT", not null) => _writes.ReplaceAsync(context, path, WritePart.Main),
        ("PATCH", not null) => _writes.PatchAsync(context, path, WritePart.Main),
        ("DELETE", not null) => _writes.DeleteAsync(context, path),
        ("DELETE", null) => _writes.DeleteCollectionAsync(context, path),
        var (method, _) => throw StatusException.MethodNotAllowed(method),
    };

    private JsonObject? Document(HttpContext context, ReadOnlySpan<string> segments) => segments switch
    {
        ["version"] => DiscoveryDocuments.Version(),
        ["api"] => DiscoveryDocuments.CoreVersions(context.Request.Host.Value ?? ""),
        ["apis"] => DiscoveryDocuments.Groups(registry.Kinds),
        ["api", var version] => DiscoveryDocuments.Resources(registry.Kinds, "", version),
        ["apis", var group] => DiscoveryDocuments.Group(registry.Kinds, group),
        ["apis", var group, var version] => DiscoveryDocuments.Resources(registry.Kinds, group, version),
        ["openapi", "v3"] => OpenApiDocuments.Index(registry.Kinds),
        ["openapi", "v3", .. var rest] => OpenApiDocuments.Document(registry.Kinds, "/" + string.Join('/', rest!)),
        _ => null,
    };

    private static async Task ReviewAsync(HttpContext context, string[] segments, string user)
    {
        var review = await RequestBody.ReadObjectAsync(context.Request, context.RequestAborted);
        await Responses.WriteAsync(context, 201, AccessReviews.Answer(segments, review, user) ?? throw StatusException.NoSuchPath());
    }
}

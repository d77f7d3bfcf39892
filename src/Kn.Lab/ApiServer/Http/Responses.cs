using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Kinds;
using Kn.Lab.ApiServer.Storage;
using Kn.Lab.ApiServer.Tables;
using Microsoft.AspNetCore.Http;

namespace Kn.Lab.ApiServer.Http;

/// <summary>Writes answers.</summary>
internal static class Responses
{
    /// <summary>Reads the Accept header; anything else than Table and PartialObjectMetadata (protobuf, too) gets JSON objects.</summary>
    public static Representation Wanted(HttpRequest request)
    {
        foreach (var choice in request.Headers.Accept.ToString().Split(','))
        {
            if (choice.Contains("as=Table", StringComparison.Ordinal) && !choice.Contains("v1beta1", StringComparison.Ordinal))
            {
                return Representation.Table;
            }

            if (choice.Contains("as=PartialObjectMetadata", StringComparison.Ordinal))
            {
                return Representation.Metadata;
            }

            if (choice.Trim() is "application/json" or "*/*")
            {
                break;
            }
        }

        return Representation.Objects;
    }

    public static Task WriteAsync(HttpContext context, int code, JsonNode body) => WriteAsync(context, code, body.ToUtf8());

    public static async Task WriteAsync(HttpContext context, int code, ReadOnlyMemory<byte> json)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = json.Length;
        await context.Response.BodyWriter.WriteAsync(json, context.RequestAborted);
    }

    public static async Task WriteTextAsync(HttpContext context, int code, string text)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(text, context.RequestAborted);
    }

    public static Task WriteStatusAsync(HttpContext context, StatusException refusal) => WriteAsync(context, refusal.Code, refusal.ToStatus());

    /// <summary>One object, in the representation that was asked for.</summary>
    public static Task WriteObjectAsync(HttpContext context, int code, ResourceKind kind, StoredObject stored, DateTimeOffset now) => Wanted(context.Request) switch
    {
        Representation.Table => WriteAsync(context, code, TableWriter.Write(
            kind, [stored.Tree], new JsonObject { ["resourceVersion"] = stored.Tree.ResourceVersion() }, context.Request.Query["includeObject"], now)),
        Representation.Metadata => WriteAsync(context, code, TableWriter.MetadataOnly(stored.Tree)),
        _ => WriteAsync(context, code, stored.Json),
    };
}

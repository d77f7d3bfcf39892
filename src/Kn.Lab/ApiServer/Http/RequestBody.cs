using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Protobuf;
using Microsoft.AspNetCore.Http;
using YamlDotNet.Core;

namespace Kn.Lab.ApiServer.Http;

/// <summary>Reads the body of a request: JSON, or YAML where the content type says so.</summary>
internal static class RequestBody
{
    /// <summary>As the real server's --max-request-bytes: etcd's 1.5 MiB, doubled for the encoding.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 128 };

    /// <summary>The body, or null when there is none.</summary>
    /// <exception cref="StatusException">400, 413, 415.</exception>
    public static async Task<JsonNode?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var bytes = await ReadBytesAsync(request, cancellationToken);
        if (bytes.Length == 0)
        {
            return null;
        }

        var type = MediaType(request);
        if (type == "application/vnd.kubernetes.protobuf")
        {
            return ProtobufReader.Read(bytes);
        }

        if (type.Contains("cbor", StringComparison.Ordinal))
        {
            throw StatusException.UnsupportedMediaType(type);
        }

        try
        {
            return type.EndsWith("yaml", StringComparison.Ordinal)
                ? YamlTree.Parse(Encoding.UTF8.GetString(bytes))
                : JsonNode.Parse(bytes, documentOptions: Options);
        }
        catch (Exception malformed) when (malformed is JsonException or YamlException or ArgumentException)
        {
            throw StatusException.BadRequest($"the object provided is unrecognized: {malformed.Message}");
        }
    }

    /// <summary>The body as an object.</summary>
    /// <exception cref="StatusException">400 for anything else.</exception>
    public static async Task<JsonObject> ReadObjectAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var tree = await ReadAsync(request, cancellationToken) as JsonObject ?? throw StatusException.BadRequest("the body must be an object");
        RefuseDuplicates(tree);
        return tree;
    }

    /// <summary>The content type without its parameters; JSON when there is none.</summary>
    public static string MediaType(HttpRequest request)
    {
        var type = request.ContentType ?? "application/json";
        var end = type.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? type : type[..end]).Trim().ToLowerInvariant();
    }

    // A JsonObject finds a key that is there twice only when it is first looked into; look now, so that the client hears of it.
    private static void RefuseDuplicates(JsonNode? node)
    {
        try
        {
            Visit(node);
        }
        catch (ArgumentException duplicate)
        {
            throw StatusException.BadRequest($"the object provided is unrecognized: {duplicate.Message}");
        }
    }

    private static void Visit(JsonNode? node)
    {
        var children = node switch
        {
            JsonObject map => map.Select(static pair => pair.Value),
            JsonArray list => list,
            _ => [],
        };
        foreach (var child in children)
        {
            Visit(child);
        }
    }

    private static async Task<byte[]> ReadBytesAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > MaxBytes)
        {
            throw StatusException.TooLarge(MaxBytes);
        }

        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            if (read.Buffer.Length > MaxBytes)
            {
                throw StatusException.TooLarge(MaxBytes);
            }

            if (read.IsCompleted)
            {
                var bytes = read.Buffer.ToArray();
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}

using System.Text.Json.Nodes;

namespace Kn.Lab.Api;

/// <summary>An API server's refusal: the Status object of its answer.</summary>
public sealed class ApiException : Exception
{
    /// <summary>Makes the exception from the parts of a Status.</summary>
    public ApiException(int code, string reason, string message)
        : base(message)
    {
        Code = code;
        Reason = reason;
    }

    /// <summary>The HTTP status code: 404, 409, 410, 422.</summary>
    public int Code { get; }

    /// <summary>The machine-readable word: NotFound, AlreadyExists, Conflict, Expired, Invalid.</summary>
    public string Reason { get; }

    /// <summary>The object does not exist (any more).</summary>
    public bool IsNotFound => Code == 404;

    /// <summary>Somebody else wrote the object first, or it exists already.</summary>
    public bool IsConflict => Code == 409;

    /// <summary>The resourceVersion or continue token is older than the server's history: list again.</summary>
    public bool IsGone => Code == 410;

    /// <summary>Reads a Status object; anything else keeps the HTTP code and the text.</summary>
    public static ApiException FromStatus(int httpCode, string body)
    {
        JsonObject? status = null;
        try
        {
            status = JsonNode.Parse(body) as JsonObject;
        }
        catch (System.Text.Json.JsonException)
        {
            // A proxy's or a panicking server's plain text: kept as the message below.
        }

        return status.Text("kind") == "Status"
            ? new ApiException((int)(status.Number("code") ?? httpCode), status.Text("reason") ?? "", status.Text("message") ?? "")
            : new ApiException(httpCode, "", $"HTTP {httpCode}: {body.Trim()}");
    }
}

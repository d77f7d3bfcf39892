using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer;

/// <summary>A refusal, as the metav1.Status that the client gets.</summary>
/// <remarks>Words and codes: k8s.io/apimachinery pkg/api/errors.</remarks>
internal sealed class StatusException : Exception
{
    private StatusException(int code, string reason, string message, JsonObject? details = null)
        : base(message)
    {
        Code = code;
        Reason = reason;
        Details = details;
    }

    /// <summary>The HTTP status.</summary>
    public int Code { get; }

    /// <summary>The machine-readable word.</summary>
    public string Reason { get; }

    /// <summary>What it is about, and the causes.</summary>
    public JsonObject? Details { get; }

    /// <summary>A token to go on with after an expired one.</summary>
    public string? Continue { get; private init; }

    public static StatusException NotFound(ApiResource resource, string name) =>
        new(404, "NotFound", $"{resource.GroupResource} \"{name}\" not found", DetailsOf(resource, name));

    public static StatusException NoSuchPath() => new(404, "NotFound", "the server could not find the requested resource", []);

    public static StatusException AlreadyExists(ApiResource resource, string name) =>
        new(409, "AlreadyExists", $"{resource.GroupResource} \"{name}\" already exists", DetailsOf(resource, name));

    public static StatusException Conflict(ApiResource resource, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {resource.GroupResource} \"{name}\": {why}", DetailsOf(resource, name));

    public static StatusException Changed(ApiResource resource, string name) =>
        Conflict(resource, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static StatusException BadRequest(string message) => new(400, "BadRequest", message);

    public static StatusException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static StatusException Forbidden(ApiResource resource, string name, string why) =>
        new(403, "Forbidden", $"{resource.GroupResource} \"{name}\" is forbidden: {why}", DetailsOf(resource, name));

    public static StatusException MethodNotAllowed(string method) =>
        new(405, "MethodNotAllowed", $"the server does not allow this method on the requested resource ({method})");

    public static StatusException TooLarge(int limit) =>
        new(413, "RequestEntityTooLarge", $"Request entity too large: limit is {limit}");

    public static StatusException UnsupportedMediaType(string type) =>
        new(415, "UnsupportedMediaType", $"the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml (got {type})");

    public static StatusException Expired(string message, string? continueFrom = null) =>
        new(410, "Expired", message) { Continue = continueFrom };

    public static StatusException TooOld(ulong wanted, ulong oldest) =>
        Expired($"too old resource version: {wanted} ({oldest})");

    /// <summary>The client asks for a version that does not exist yet; client-go waits a second and asks again.</summary>
    public static StatusException FutureVersion(ulong wanted, ulong current) =>
        new(504, "Timeout", $"Too large resource version: {wanted}, current: {current}", new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" }),
            ["retryAfterSeconds"] = 1,
        });

    public static StatusException Unprocessable(string message) => new(422, "Invalid", message);

    public static StatusException Internal(string message) => new(500, "InternalError", $"Internal error occurred: {message}");

    /// <summary>422 with every field error as a cause.</summary>
    public static StatusException Invalid(ApiResource resource, string name, IReadOnlyList<FieldError> errors)
    {
        var kind = resource.Group.Length == 0 ? resource.Kind : $"{resource.Kind}.{resource.Group}";
        var texts = errors.Select(static error => error.ToString()).ToList();
        var details = new JsonObject { ["name"] = name, ["group"] = resource.Group, ["kind"] = resource.Kind };
        details["causes"] = JsonTree.Array(errors.Select(static error => (JsonNode?)new JsonObject
        {
            ["reason"] = error.Reason,
            ["message"] = error.Message,
            ["field"] = error.Field,
        }));
        var text = texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        return new StatusException(422, "Invalid", $"{kind} \"{name}\" is invalid: {text}", details);
    }

    /// <summary>The Status object.</summary>
    public JsonObject ToStatus()
    {
        var metadata = new JsonObject();
        if (Continue is not null)
        {
            metadata["continue"] = Continue;
        }

        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = metadata,
            ["status"] = "Failure",
            ["message"] = Message,
            ["reason"] = Reason,
        };
        if (Details is not null)
        {
            status["details"] = Details.DeepClone();
        }

        status["code"] = Code;
        return status;
    }

    private static JsonObject DetailsOf(ApiResource resource, string name)
    {
        var details = new JsonObject { ["name"] = name };
        if (resource.Group.Length > 0)
        {
            details["group"] = resource.Group;
        }

        details["kind"] = resource.Plural;
        return details;
    }
}

using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer;

/// <summary>One thing that is wrong with one field.</summary>
/// <param name="Field">spec.ports[0].port.</param>
/// <param name="Reason">FieldValueRequired, FieldValueInvalid, FieldValueDuplicate, FieldValueNotSupported, FieldValueForbidden.</param>
/// <param name="Message">"Required value: …", as the real server words it.</param>
internal sealed record FieldError(string Field, string Reason, string Message)
{
    public override string ToString() => $"{Field}: {Message}";
}

/// <summary>Collects everything that is wrong with an object, so that the user sees all of it at once.</summary>
internal sealed class FieldErrors
{
    private readonly List<FieldError> _errors = [];

    public IReadOnlyList<FieldError> All => _errors;

    public void Required(string field, string why = "") =>
        _errors.Add(new FieldError(field, "FieldValueRequired", why.Length == 0 ? "Required value" : $"Required value: {why}"));

    public void Invalid(string field, JsonNode? value, string why) =>
        _errors.Add(new FieldError(field, "FieldValueInvalid", $"Invalid value: {Show(value)}: {why}"));

    public void Duplicate(string field, JsonNode? value) =>
        _errors.Add(new FieldError(field, "FieldValueDuplicate", $"Duplicate value: {Show(value)}"));

    public void Forbidden(string field, string why) =>
        _errors.Add(new FieldError(field, "FieldValueForbidden", $"Forbidden: {why}"));

    public void NotSupported(string field, string value, params ReadOnlySpan<string> supported)
    {
        var words = string.Join(", ", supported.ToArray().Select(static word => $"\"{word}\""));
        _errors.Add(new FieldError(field, "FieldValueNotSupported", $"Unsupported value: \"{value}\": supported values: {words}"));
    }

    public void Immutable(string field, JsonNode? old, JsonNode? value)
    {
        if (!JsonNode.DeepEquals(old, value))
        {
            Invalid(field, value, "field is immutable");
        }
    }

    public void OneOf(JsonNode? node, string field, string path, params ReadOnlySpan<string> supported)
    {
        if (node.Text(path) is { } value && !supported.Contains(value))
        {
            NotSupported(field, value, supported);
        }
    }

    private static string Show(JsonNode? value) => value is null ? "null" : System.Text.Encoding.UTF8.GetString(value.ToUtf8());
}

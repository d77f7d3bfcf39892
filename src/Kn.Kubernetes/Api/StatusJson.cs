using System.Text.Json;

namespace Kn.Kubernetes.Api;

/// <summary>meta/v1 Status, the body of errors and the object of ERROR events.</summary>
internal static class StatusJson
{
    /// <summary>The exception that a Status object stands for; never throws, whatever the bytes are.</summary>
    public static ApiException Read(ReadOnlySpan<byte> json, int httpStatus)
    {
        string? reason = null;
        string? message = null;
        var code = httpStatus;
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            while (reader.TokenType != JsonTokenType.None && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var field = reader.ValueTextEquals("reason"u8) ? 1 : reader.ValueTextEquals("message"u8) ? 2 : reader.ValueTextEquals("code"u8) ? 3 : 0;
                reader.Read();
                switch (field)
                {
                    case 1 when reader.TokenType == JsonTokenType.String:
                        reason = reader.GetString();
                        break;
                    case 2 when reader.TokenType == JsonTokenType.String:
                        message = reader.GetString();
                        break;
                    case 3 when reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number):
                        code = number;
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Not a Status: a proxy's page, or bytes cut short. The HTTP status has to do.
        }

        return new ApiException(code, reason ?? "Unknown", message ?? "the server gave no reason");
    }
}

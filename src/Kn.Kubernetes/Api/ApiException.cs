using System.Net;

namespace Kn.Kubernetes.Api;

/// <summary>The API server refused a request, or could not be reached.</summary>
/// <param name="status">HTTP status; 0 when there was no answer.</param>
/// <param name="reason">The Status object's reason, such as NotFound, Expired or Conflict; Unreachable when there was no answer.</param>
/// <param name="message">The Status object's message.</param>
/// <param name="innerException">What the connection died of.</param>
/// <remarks>meta/v1 Status; sig-architecture/api-conventions.md, "Response Status Kind".</remarks>
public sealed class ApiException(int status, string reason, string message, Exception? innerException = null)
    : Exception(status == 0 ? message : $"{status} {reason}: {message}", innerException)
{
    /// <summary>The reason given when no answer came.</summary>
    public const string Unreachable = "Unreachable";

    /// <summary>HTTP status; 0 when there was no answer.</summary>
    public int Status { get; } = status;

    /// <summary>The Status object's reason.</summary>
    public string Reason { get; } = reason;

    /// <summary>The Status object's message alone.</summary>
    public string Detail { get; } = message;

    /// <summary>How long the server asks to wait (Retry-After); null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>True when a resourceVersion or a continue token is too old.</summary>
    public bool IsExpired => Status == (int)HttpStatusCode.Gone || Reason is "Expired" or "Gone";

    /// <summary>True when the object, or the whole kind, is not there.</summary>
    public bool IsNotFound => Status == (int)HttpStatusCode.NotFound;

    /// <summary>True when no answer came, so that nothing is known of the request's fate.</summary>
    public bool IsUnreachable => Status == 0;
}

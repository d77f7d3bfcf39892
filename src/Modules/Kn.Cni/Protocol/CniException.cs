namespace Kn.Cni.Protocol;

/// <summary>A CNI call cannot be honoured. Becomes the error object that the runtime is answered with.</summary>
public sealed class CniException : Exception
{
    /// <summary>Without a cause that is known.</summary>
    public CniException()
        : this(CniErrorCode.KernelRefused, "unknown failure")
    {
    }

    /// <summary>With a message only.</summary>
    public CniException(string message)
        : this(CniErrorCode.KernelRefused, message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    public CniException(string message, Exception innerException)
        : this(CniErrorCode.KernelRefused, message, null, innerException)
    {
    }

    /// <summary>With the error object's members.</summary>
    /// <param name="code">The error object's code.</param>
    /// <param name="message">What is wrong, in a sentence without the plugin's name.</param>
    /// <param name="details">What helps to find the cause; null when the message says it all.</param>
    /// <param name="innerException">The cause.</param>
    public CniException(CniErrorCode code, string message, string? details = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        Details = details;
    }

    /// <summary>The error object's <c>code</c>.</summary>
    public CniErrorCode Code { get; }

    /// <summary>The error object's <c>details</c>.</summary>
    public string? Details { get; }
}

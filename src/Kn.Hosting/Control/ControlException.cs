namespace Kn.Hosting.Control;

/// <summary>The agent could not be asked: it does not run, or the connection broke.</summary>
/// <param name="message">What happened.</param>
/// <param name="fault">Which kind of fault it is.</param>
/// <param name="innerException">The cause.</param>
public sealed class ControlException(string message, ControlFault fault, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Which kind of fault it is.</summary>
    public ControlFault Fault { get; } = fault;
}

/// <summary>Why the agent could not be asked.</summary>
public enum ControlFault
{
    /// <summary>Nobody listens on the socket, or there is none: no agent runs, so the request had no effect.</summary>
    NoAgent,

    /// <summary>The socket's path, or the request, is not one that can be used.</summary>
    BadRequest,

    /// <summary>The caller may not use the socket: it is root's.</summary>
    Forbidden,

    /// <summary>Anything later: the agent hung up, was silent for too long, or answered nonsense. Whether the request had an effect is not known.</summary>
    Broken,
}

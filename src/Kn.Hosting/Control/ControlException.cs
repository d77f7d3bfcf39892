namespace Kn.Hosting.Control;

/// <summary>The agent could not be asked: it does not run, or the connection broke.</summary>
public sealed class ControlException : Exception
{
    /// <summary>Without a message.</summary>
    public ControlException()
    {
    }

    /// <summary>With what happened.</summary>
    public ControlException(string message)
        : base(message)
    {
    }

    /// <summary>With what happened, and the cause.</summary>
    public ControlException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

namespace Kn.Primitives;

/// <summary>Bytes from a peer, the kernel or a file are not what their format says. The message names the field.</summary>
public sealed class WireFormatException : Exception
{
    /// <summary>Without a message.</summary>
    public WireFormatException()
    {
    }

    /// <summary>With what is wrong, and where.</summary>
    public WireFormatException(string message)
        : base(message)
    {
    }

    /// <summary>With what is wrong, and the cause.</summary>
    public WireFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

namespace Kn.Kubernetes.Json;

/// <summary>A value that does not fit its field; becomes an <see cref="ObjectDecodeException"/> once the object is known.</summary>
internal sealed class FieldFormatException(string problem, long position) : Exception(problem)
{
    /// <summary>Where the value's token starts, in bytes.</summary>
    public long Position { get; } = position;
}

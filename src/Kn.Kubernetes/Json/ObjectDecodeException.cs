using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Json;

/// <summary>One object from the API server, or from a file, is not what its type says. It is skipped; others are not affected.</summary>
public sealed class ObjectDecodeException : Exception
{
    /// <summary>An object that is not what it should be.</summary>
    /// <param name="kind">The kind that was expected, such as Service.</param>
    /// <param name="key">Which object; null where its metadata could not be read either.</param>
    /// <param name="field">Path of the field, such as spec.ports[0].port.</param>
    /// <param name="problem">What is wrong with it.</param>
    /// <param name="innerException">The parser's own complaint, if it had one.</param>
    public ObjectDecodeException(string kind, ObjectKey? key, string field, string problem, Exception? innerException = null)
        : base($"{kind} {key?.ToString() ?? "(unnamed)"}: {(field.Length == 0 ? "" : field + ": ")}{problem}", innerException)
    {
        Kind = kind;
        Key = key;
        Field = field;
        Problem = problem;
    }

    /// <summary>The kind that was expected.</summary>
    public string Kind { get; }

    /// <summary>Which object; null where its metadata could not be read either.</summary>
    public ObjectKey? Key { get; }

    /// <summary>Path of the field; empty where the object as a whole is not JSON.</summary>
    public string Field { get; }

    /// <summary>What is wrong with the field.</summary>
    public string Problem { get; }
}

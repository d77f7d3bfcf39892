namespace Kn.Ingress.Http;

/// <summary>What is different in the head that a backend gets, beside what a proxy always changes.</summary>
internal readonly ref struct RequestChanges
{
    /// <summary>The target; empty for that which came.</summary>
    public ReadOnlySpan<byte> Target { get; init; }

    /// <summary>The host; empty for that which came.</summary>
    public ReadOnlySpan<byte> Host { get; init; }

    /// <summary>Lines of fields, which take the place of those of the same names. A line without a value leaves the field out.</summary>
    public ReadOnlySpan<byte> Lines { get; init; }

    /// <summary>The value of Connection; null for none.</summary>
    public string? Connection { get; init; }
}

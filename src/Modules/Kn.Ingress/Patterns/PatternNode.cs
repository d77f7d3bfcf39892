namespace Kn.Ingress.Patterns;

/// <summary>A part of a pattern, as it was read.</summary>
internal abstract record PatternNode
{
    /// <summary>Nothing.</summary>
    internal sealed record Empty : PatternNode;

    /// <summary>One byte of a set.</summary>
    internal sealed record One(ByteSet Set) : PatternNode;

    /// <summary>The text's start or its end.</summary>
    internal sealed record Edge(bool IsStart) : PatternNode;

    /// <summary>One after another.</summary>
    internal sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode;

    /// <summary>The first of these that leads on to a match.</summary>
    internal sealed record Choice(IReadOnlyList<PatternNode> Branches) : PatternNode;

    /// <summary>Again and again; <paramref name="Most"/> is null for no end.</summary>
    internal sealed record Repeat(PatternNode Part, int Least, int? Most, bool IsLazy) : PatternNode;

    /// <summary>A part that is remembered, counted from 1.</summary>
    internal sealed record Capture(PatternNode Part, int Number) : PatternNode;
}

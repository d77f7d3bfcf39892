namespace Kn.Ingress.Patterns;

/// <summary>What a step of a pattern's program does.</summary>
internal enum PatternOperation : byte
{
    /// <summary>Takes a byte of the set with this number.</summary>
    Take,

    /// <summary>Goes on at both places, the first with more right.</summary>
    Split,

    /// <summary>Goes on elsewhere.</summary>
    Jump,

    /// <summary>Remembers the place.</summary>
    Save,

    /// <summary>Goes on at the text's start only.</summary>
    AtStart,

    /// <summary>Goes on at the text's end only.</summary>
    AtEnd,

    /// <summary>A match.</summary>
    Match,
}

/// <summary>A step of a pattern's program.</summary>
internal readonly record struct PatternStep(PatternOperation Operation, int First = 0, int Second = 0);

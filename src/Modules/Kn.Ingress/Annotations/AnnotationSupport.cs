namespace Kn.Ingress.Annotations;

/// <summary>What becomes of an annotation.</summary>
public enum AnnotationSupport
{
    /// <summary>It is done.</summary>
    Honoured,

    /// <summary>There is nothing to do: it tunes what Kn does not have, such as buffers.</summary>
    NotNeeded,

    /// <summary>It is not done; requests are served without it.</summary>
    Unsupported,

    /// <summary>It is not done, and guards something: requests are refused until it is taken away.</summary>
    Guarded,

    /// <summary>It is never done: what it asks for is code for another program.</summary>
    Refused,
}

namespace Kn.Ingress.Annotations;

/// <summary>An annotation of ingress-nginx, and what Kn makes of it.</summary>
/// <param name="Name">Its name, without the prefix.</param>
/// <param name="Support">What becomes of it.</param>
/// <param name="Note">What is different, or why it is not done; empty where nothing is.</param>
internal sealed record KnownAnnotation(string Name, AnnotationSupport Support, string Note = "")
{
    /// <summary>Reads its value into the settings; gives what is wrong with it, or null.</summary>
    public Func<AnnotationDraft, string, string?>? Read { get; init; }

    /// <summary>Whether requests are refused where its value cannot be read: to go on without it would open what it shuts.</summary>
    public bool Guards { get; init; }

    /// <summary>One that is done.</summary>
    public static KnownAnnotation Done(string name, Func<AnnotationDraft, string, string?> read, string note = "") => new(name, AnnotationSupport.Honoured, note) { Read = read };

    /// <summary>One that is done, and guards.</summary>
    public static KnownAnnotation Guard(string name, Func<AnnotationDraft, string, string?> read, string note = "") => Done(name, read, note) with { Guards = true };
}

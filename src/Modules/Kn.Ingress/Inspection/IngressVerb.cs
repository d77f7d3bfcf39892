namespace Kn.Ingress.Inspection;

/// <summary>The words of the control socket's verb <c>ingress</c>.</summary>
public static class IngressVerb
{
    /// <summary>The verb.</summary>
    public const string Name = "ingress";

    /// <summary>Argument: a URL to explain; absent for a list of all routes.</summary>
    public const string Url = "url";

    /// <summary>The body is a report.</summary>
    public const int Good = 0;

    /// <summary>The body is a sentence: nothing could be told.</summary>
    public const int Failed = 4;
}

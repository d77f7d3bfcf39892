namespace Kn.Ingress.Routing;

/// <summary>How a rule's path matches a request's.</summary>
internal enum PathMatch : byte
{
    /// <summary>It is the whole path.</summary>
    Exact,

    /// <summary>It is the path's first elements; a slash at its end makes no difference.</summary>
    Prefix,

    /// <summary>It is a pattern that the path begins with.</summary>
    Pattern,
}

namespace Kn.Ingress.Annotations;

/// <summary>The annotations that ingress-nginx documents, each once, with what Kn makes of it: what reads them, and <c>kn ingress lint</c>, go by this.</summary>
internal static partial class AnnotationTable
{
    /// <summary>ingress-nginx' own prefix.</summary>
    public const string NginxPrefix = "nginx.ingress.kubernetes.io/";

    /// <summary>Kn's own; it wins where both are there.</summary>
    public const string OwnPrefix = "kn.internal/";

    private static readonly Dictionary<string, KnownAnnotation> s_byName = Index();

    /// <summary>All of them, by group.</summary>
    public static IEnumerable<KnownAnnotation> All => s_byName.Values;

    /// <summary>The one of a name without prefix; null for a name that nobody knows.</summary>
    public static KnownAnnotation? Find(string name) => s_byName.GetValueOrDefault(name);

    /// <summary>The name without its prefix; null for an annotation that is none of these.</summary>
    public static string? NameOf(string annotation) =>
        annotation.StartsWith(NginxPrefix, StringComparison.Ordinal) ? annotation[NginxPrefix.Length..]
        : annotation.StartsWith(OwnPrefix, StringComparison.Ordinal) ? annotation[OwnPrefix.Length..]
        : null;

    private static Dictionary<string, KnownAnnotation> Index()
    {
        var index = new Dictionary<string, KnownAnnotation>(StringComparer.Ordinal);
        foreach (var group in (IEnumerable<KnownAnnotation>[])[Leading(), Backends(), Guarding(), Sharing(), Tuning(), NotDone()])
        {
            foreach (var annotation in group)
            {
                index.Add(annotation.Name, annotation);
            }
        }

        return index;
    }
}

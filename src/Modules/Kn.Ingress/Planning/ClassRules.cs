using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.Ingress.Planning;

/// <summary>Which Ingresses are Kn's. Pure.</summary>
/// <param name="ClassName">The class that an annotation can name where there is no object of it.</param>
/// <param name="WithoutClass">Whether those are Kn's that name no class while none is the default.</param>
internal sealed record ClassRules(string ClassName, bool WithoutClass)
{
    /// <summary>spec.controller of Kn's classes.</summary>
    public const string Controller = "kn.internal/ingress";

    /// <summary>How classes were named before there were objects of them; it wins where both are there.</summary>
    public const string LegacyAnnotation = "kubernetes.io/ingress.class";

    /// <summary>Whether Kn serves it.</summary>
    public bool IsOurs(ClusterSnapshot cluster, IngressObject ingress)
    {
        if (ingress.Metadata.Annotations.TryGetValue(LegacyAnnotation, out var annotated) && annotated.Length > 0)
        {
            return cluster.IngressClasses.Find(annotated) is { } named ? IsOurs(named) : annotated == ClassName;
        }

        if (ingress.ClassName is { Length: > 0 } name)
        {
            return cluster.IngressClasses.Find(name) is { } @class && IsOurs(@class);
        }

        return DefaultOf(cluster) is { } standard ? IsOurs(standard) : WithoutClass;
    }

    private static bool IsOurs(IngressClass @class) => @class.Controller == Controller;

    /// <summary>The default class; the oldest where several say that they are it.</summary>
    private static IngressClass? DefaultOf(ClusterSnapshot cluster)
    {
        IngressClass? oldest = null;
        foreach (var @class in cluster.IngressClasses)
        {
            if (@class.IsDefault && (oldest is null || Seniority.Compare(@class, oldest) < 0))
            {
                oldest = @class;
            }
        }

        return oldest;
    }
}

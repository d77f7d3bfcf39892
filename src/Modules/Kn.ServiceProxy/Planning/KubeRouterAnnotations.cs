using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Objects;

namespace Kn.ServiceProxy.Planning;

/// <summary>kube-router's annotations of Services. Pure.</summary>
/// <remarks>https://www.kube-router.io/docs/user-guide/ and kube-router's own sources name them. <c>service.hairpin</c> and
/// <c>service.hairpin.externalips</c> ask for what Kn does anyway. docs/design/service-proxy.md says how each scheduler is done.</remarks>
internal static class KubeRouterAnnotations
{
    /// <summary>The annotation that asks for direct server return.</summary>
    public const string DirectServerReturn = Prefix + "dsr";

    private const string Prefix = "kube-router.io/service.";

    /// <summary>Whether answers are to go from the endpoint to the client by themselves.</summary>
    public static bool WantsDirectServerReturn(Service service) => Value(service, "dsr") is not null;

    /// <summary>The method that the Service asks for; null when it does not ask, or for one that is none.</summary>
    public static BalanceMethod? Method(Service service, Problems problems)
    {
        switch (Value(service, "scheduler"))
        {
            case null:
                return null;
            case "rr" or "lc":
                return BalanceMethod.RoundRobin;
            case "sh" or "mh":
                return BalanceMethod.SourceHash;
            case "dh":
                return BalanceMethod.DestinationHash;
            case var other:
                problems.Add(service, $"annotation {Prefix}scheduler: '{other}' is none of rr, lc, sh, dh and mh; the config's way to spread load is used");
                return null;
        }
    }

    /// <summary>Whether only endpoints of this node may be used, from inside and from outside.</summary>
    public static bool IsLocal(Service service) => IsSet(service, "local");

    /// <summary>Whether the load balancer's addresses are left to somebody else.</summary>
    public static bool SkipsLoadBalancerIps(Service service) => IsSet(service, "skiplbips");

    /// <summary>Reports what is asked for and not done.</summary>
    public static void Report(Service service, Problems problems)
    {
        if (Value(service, "dsr") is { } dsr)
        {
            problems.Add(service, $"annotation {Prefix}dsr: direct server return ({dsr}) is not there yet; answers go back the way they came");
        }

        if (Value(service, "schedflags") is { } flags)
        {
            problems.Add(service, $"annotation {Prefix}schedflags: '{flags}' is not honoured; hashes are of the address alone");
        }
    }

    private static string? Value(Service service, string name) => service.Metadata.Annotations.Find(Prefix + name);

    /// <summary>kube-router looks only whether the annotation is there, whatever its value; "false" meaning true would be a trap.</summary>
    private static bool IsSet(Service service, string name) => Value(service, name) is { } value && value != "false";
}

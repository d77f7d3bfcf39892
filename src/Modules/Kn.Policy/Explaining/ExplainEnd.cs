using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Policy.Planning;
using Kn.Primitives;

namespace Kn.Policy.Explaining;

/// <summary>An end of a connection that somebody asks about, found in the cluster.</summary>
/// <param name="Text">As it was asked for.</param>
/// <param name="Pod">The pod; null for an address that no pod has.</param>
/// <param name="Addresses">Its addresses.</param>
/// <param name="Fault">Why there are none, and what to do; null for nothing.</param>
internal sealed record ExplainEnd(string Text, Pod? Pod, ValueList<IpAddress> Addresses, string? Fault)
{
    /// <summary>Finds a pod by NAMESPACE/NAME, by its name alone where that is enough, or by an address.</summary>
    public static ExplainEnd Find(ClusterSnapshot cluster, string text)
    {
        if (IpAddress.TryParse(text, out var address))
        {
            return new ExplainEnd(text, cluster.Pods.FirstOrDefault(pod => PolicyPlan.IsSubject(pod) && pod.PodIps.Contains(address)), [address], null);
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash == 0 || slash == text.Length - 1 || text.Length == 0)
        {
            return Wrong(text, $"'{text}' is neither an address nor NAMESPACE/POD");
        }

        return slash < 0 ? ByName(cluster, text) : Of(text, cluster.Pods.Find(text[..slash], text[(slash + 1)..]), cluster);
    }

    private static ExplainEnd ByName(ClusterSnapshot cluster, string name)
    {
        var found = cluster.Pods.Where(pod => string.Equals(pod.Metadata.Name, name, StringComparison.Ordinal)).ToList();
        return found.Count switch
        {
            0 => Wrong(name, $"'{name}' is neither an address nor a pod of any namespace; pods are named NAMESPACE/POD"),
            1 => Of(name, found[0], cluster),
            _ => Wrong(name, $"'{name}' is a pod in several namespaces; say which: {string.Join(", ", found.Select(static pod => pod.Key.ToString()).Order(StringComparer.Ordinal))}"),
        };
    }

    private static ExplainEnd Of(string text, Pod? pod, ClusterSnapshot cluster)
    {
        if (pod is null)
        {
            var @namespace = text[..text.IndexOf('/', StringComparison.Ordinal)];
            return Wrong(text, cluster.Namespaces.Find(@namespace) is null && cluster.Namespaces.Count > 0
                ? $"there is no pod {text}, and no namespace {@namespace}"
                : $"there is no pod {text}");
        }

        return pod.PodIps.IsEmpty
            ? Wrong(text, $"pod {pod.Key} has no address yet{(pod.Phase.Length > 0 ? $" (it is {pod.Phase})" : "")}: ask again when it runs, or ask for an address")
            : new ExplainEnd(text, pod, pod.PodIps, null);
    }

    private static ExplainEnd Wrong(string text, string fault) => new(text, null, default, fault);
}

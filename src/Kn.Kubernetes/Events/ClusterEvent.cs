using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Events;

/// <summary>Something worth telling whoever looks at an object: what <c>kubectl describe</c> shows below it.</summary>
/// <param name="Regarding">The object.</param>
/// <param name="IsWarning">True for what somebody should look into.</param>
/// <param name="Reason">Why, in one word in PascalCase, for machines: a closed set.</param>
/// <param name="Message">What happened, for people; at most 1,024 bytes are kept.</param>
public sealed record ClusterEvent(EventSubject Regarding, bool IsWarning, string Reason, string Message);

/// <summary>The object that an Event is about.</summary>
/// <param name="ApiVersion">Group and version, such as v1.</param>
/// <param name="Kind">Kind, such as Pod.</param>
/// <param name="Key">Namespace and name.</param>
/// <param name="Uid">UID; empty when not known.</param>
public sealed record EventSubject(string ApiVersion, string Kind, ObjectKey Key, string Uid)
{
    /// <summary>A pod.</summary>
    public static EventSubject Pod(ObjectKey key, string uid) => new("v1", "Pod", key, uid);

    /// <summary>A node. Its Events have the node's name for a UID, as the kubelet's do: <c>kubectl describe node</c> looks for these.</summary>
    public static EventSubject Node(string name) => new("v1", "Node", new ObjectKey("", name), name);

    /// <summary>A Service.</summary>
    public static EventSubject Service(ObjectKey key, string uid) => new("v1", "Service", key, uid);

    /// <summary>An Ingress.</summary>
    public static EventSubject Of(Ingress item) => new("networking.k8s.io/v1", "Ingress", item.Key, item.Metadata.Uid);

    /// <summary>A namespace. Its Events are in "default", as those of all objects that are in no namespace themselves.</summary>
    public static EventSubject Of(Namespace item) => new("v1", "Namespace", new ObjectKey("", item.Metadata.Name), item.Metadata.Uid);

    /// <summary>Where its Events are: with it, or in "default" when it has no namespace.</summary>
    public string Namespace => Key.Namespace.Length == 0 ? "default" : Key.Namespace;
}
